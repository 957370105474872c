/**
 * Puts an inference batch normalisation into the convolution before it. With s = scale / √(variance + ε):
 * s · (W ∗ x + b − mean) + bias = (s · W) ∗ x + (s · (b − mean) + bias).
 */

import { constantValue, createNode, type Node, type TensorType, type Value } from '../ir.ts';
import type { Inputs } from '../operators.ts';
import { type Pass, producerOf, readCounts, rewrite } from './rewrite.ts';

/** ONNX's default for the attribute `epsilon`. */
const defaultEpsilon = 1e-5;

const floatsOf = (value: Value | null | undefined): Float32Array | undefined =>
  value?.source.kind === 'constant' && value.source.data instanceof Float32Array
    ? value.source.data
    : undefined;

const nameOf = (value: Value | null | undefined): string | undefined =>
  value?.source.kind === 'constant' ? value.source.name : undefined;

const epsilonOf = ({ attributes: { epsilon } }: Node): number =>
  typeof epsilon === 'object' && 'float' in epsilon ? epsilon.float : defaultEpsilon;

/** The convolution's inputs with the normalisation folded in; undefined where a parameter is not constant. */
function foldedInputs(convolution: Node, normalization: Node, parameters: Inputs): Inputs | undefined {
  const [x, weight, bias] = convolution.inputs;
  const weights = floatsOf(weight);
  const [scale, shift, mean, variance] = parameters.slice(1).map(floatsOf);
  const biases = bias ? floatsOf(bias) : scale?.map(() => 0);
  if (!x || !weight || !weights || !biases || !scale || !shift || !mean || !variance) return undefined;

  const epsilon = epsilonOf(normalization);
  const factors = Array.from(
    scale,
    (element, channel) => element / Math.sqrt((variance[channel] ?? 0) + epsilon),
  );
  const perFilter = weights.length / factors.length;
  const data = weights.map((element, index) => element * (factors[Math.floor(index / perFilter)] ?? 0));
  const offsets = biases.map(
    (element, channel) => (element - (mean[channel] ?? 0)) * (factors[channel] ?? 0) + (shift[channel] ?? 0),
  );
  const biasType: TensorType = { dtype: 'float32', shape: [factors.length] };
  return [
    x,
    constantValue(data, weight.type, nameOf(weight)),
    constantValue(offsets, biasType, nameOf(parameters[2])),
  ];
}

/** Folds BatchNormalization with constant parameters into a Conv with constant weight that nothing else reads. */
export const foldBatchNorm: Pass = (graph) => {
  const reads = readCounts(graph);
  return rewrite(graph, (node, inputs) => {
    const [before] = node.inputs;
    const convolution = producerOf(inputs[0]);
    if (node.op !== 'BatchNormalization' || convolution?.op !== 'Conv' || convolution.domain !== '')
      return undefined;
    if (!before || reads.get(before) !== 1) return undefined;
    const folded = foldedInputs(convolution, node, inputs);
    const types = node.outputs.map((value) => value.type);
    return folded && createNode({ ...convolution, inputs: folded }, types).outputs;
  });
};
