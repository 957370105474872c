/** The size of the network of a genotype. */
import { requireKinds } from '../kinds.ts';
import { countMacs } from '../onnx/cost.ts';
import { makeNetwork, type NetworkSize } from '../retrain/network.ts';
import { networkSizeKinds } from '../retrain/option-kinds.ts';
import { inferenceStep } from '../retrain/steps.ts';
import type { Genotype } from '../search/genotype.ts';
import { trace } from '../trace/trace.ts';

export interface NetworkCost {
  /** Trainable weights, without the auxiliary head. */
  readonly parameters: number;
  /** Multiply–accumulates of the convolutions and the linear layer for one image. */
  readonly macs: number;
}

/** @throws InputError where a size is not what it must be */
export function networkCost(genotype: Genotype, options: NetworkSize): NetworkCost {
  requireKinds(options, networkSizeKinds);
  const network = makeNetwork(genotype, { ...options, auxiliary: false });
  const { height, width, imageChannels: channels } = options;
  const { fn, signature } = inferenceStep(network, 1, { channels, height, width });
  return { parameters: network.parameters.size, macs: countMacs(trace(fn, signature)) };
}
