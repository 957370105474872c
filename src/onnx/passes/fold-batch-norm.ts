/**
 * Puts an inference batch normalisation into the convolution before it. With s = scale / √(variance + ε):
 * s · (W ∗ x + b − mean) + bias = (s · W) ∗ x + (s · (b − mean) + bias).
 */

import { constantValue, createNode, type Node, producerOf, type TensorType, type Value } from '../ir.ts';
import { floatsOf } from './constants.ts';
import { type Pass, readCounts, rewrite } from './rewrite.ts';

/** ONNX's default for the attribute `epsilon`. */
const defaultEpsilon = 1e-5;

const epsilonOf = ({ attributes: { epsilon } }: Node): number =>
  typeof epsilon === 'object' && 'float' in epsilon ? epsilon.float : defaultEpsilon;

/** What a normalisation does to each channel: y = factor · (x − mean) + shift. */
interface Transform {
  readonly factors: readonly number[];
  readonly mean: Float32Array;
  readonly shift: Float32Array;
}

/** The transform of a normalisation; undefined where a parameter is not constant. */
function transformOf(normalization: Node): Transform | undefined {
  const [scale, shift, mean, variance] = normalization.inputs.slice(1).map(floatsOf);
  if (!scale || !shift || !mean || !variance) return undefined;
  const epsilon = epsilonOf(normalization);
  const factors = Array.from(scale, (element, i) => element / Math.sqrt((variance[i] ?? 0) + epsilon));
  return { factors, mean, shift };
}

/** The part of a transform for `count` channels from `begin` on. */
const channelsOf = ({ factors, mean, shift }: Transform, begin: number, count: number): Transform => ({
  factors: factors.slice(begin, begin + count),
  mean: mean.subarray(begin, begin + count),
  shift: shift.subarray(begin, begin + count),
});

/** The convolution with a transform of its result folded in; undefined where its weight or bias is not constant. */
function foldedConvolution(convolution: Node, { factors, mean, shift }: Transform): Value | undefined {
  const [x, weight, bias] = convolution.inputs;
  const weights = floatsOf(weight);
  const biases = bias ? floatsOf(bias) : new Float32Array(factors.length);
  if (!x || !weight || !weights || !biases) return undefined;
  const perFilter = weights.length / factors.length;
  const data = weights.map((element, index) => element * (factors[Math.floor(index / perFilter)] ?? 0));
  const offsets = biases.map(
    (element, channel) => (element - (mean[channel] ?? 0)) * (factors[channel] ?? 0) + (shift[channel] ?? 0),
  );
  const biasType: TensorType = { dtype: 'float32', shape: [factors.length] };
  const inputs = [x, constantValue(data, weight.type), constantValue(offsets, biasType)];
  return createNode({ ...convolution, inputs }, typesOf(convolution)).outputs[0];
}

const typesOf = (node: Node): readonly TensorType[] => node.outputs.map((value) => value.type);

/**
 * Folds BatchNormalization with constant parameters into a Conv with constant weight that nothing else reads, or
 * into all the Convs whose channels are concatenated before it.
 */
export const foldBatchNorm: Pass = (graph) => {
  const reads = readCounts(graph);

  /** `before` is the value in the graph as it was, `now` what it has become. */
  function folded(
    before: Value | null | undefined,
    now: Value | null | undefined,
    transform: Transform,
  ): Value | undefined {
    const producer = producerOf(now);
    if (!before || reads.get(before) !== 1 || producer?.domain !== '') return undefined;
    if (producer.op === 'Conv') return foldedConvolution(producer, transform);
    if (producer.op !== 'Concat' || producer.attributes.axis !== 1) return undefined;
    const partsBefore = producerOf(before)?.inputs ?? [];
    let channels = 0;
    const parts = producer.inputs.map((part, index) => {
      const count = Number(part?.type.shape[1]);
      channels += count;
      return folded(partsBefore[index], part, channelsOf(transform, channels - count, count)) ?? null;
    });
    if (parts.includes(null)) return undefined;
    return createNode({ ...producer, inputs: parts }, typesOf(producer)).outputs[0];
  }

  return rewrite(graph, (node, inputs) => {
    if (node.op !== 'BatchNormalization' || node.outputs.length !== 1) return undefined;
    const transform = transformOf({ ...node, inputs });
    const value = transform && folded(node.inputs[0], inputs[0], transform);
    return value && [value];
  });
};
