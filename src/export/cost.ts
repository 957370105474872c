/** The size of the network of a genotype. */
import { countMacs } from '../onnx/cost.ts';
import { makeNetwork, type NetworkOptions } from '../retrain/network.ts';
import { inferenceStep } from '../retrain/steps.ts';
import type { Genotype } from '../search/genotype.ts';
import { trace } from '../trace/trace.ts';

export interface NetworkCost {
  /** Trainable weights, without the auxiliary head. */
  readonly parameters: number;
  /** Multiply–accumulates of the convolutions and the linear layer for one image. */
  readonly macs: number;
}

export function networkCost(genotype: Genotype, options: Omit<NetworkOptions, 'auxiliary'>): NetworkCost {
  const network = makeNetwork(genotype, { ...options, auxiliary: false });
  const { height, width, imageChannels: channels } = options;
  const { fn, signature } = inferenceStep(network, 1, { channels, height, width });
  return { parameters: network.parameters.size, macs: countMacs(trace(fn, signature)) };
}
