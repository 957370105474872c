/** Networks as they are exported before any training: for what does not depend on the weights, such as time. */
import type { ImageShape } from '../data/index.ts';
import type { Graph } from '../onnx/ir.ts';
import { random } from '../random.ts';
import type { Network } from '../retrain/network.ts';
import { inferenceGraph } from './model.ts';

/** The inference graph of a network with its initial weights; its images are normalised as those of any data set are. */
export function untrainedGraph(network: Network, shape: ImageShape): Graph {
  const weights = {
    theta: network.parameters.initialize(random(0, 'weights')),
    statistics: network.statistics.initialize(random(0, 'statistics')),
  };
  const normalization = { mean: Array(shape.channels).fill(0.5), std: Array(shape.channels).fill(0.25) };
  return inferenceGraph(network, weights, normalization, shape);
}
