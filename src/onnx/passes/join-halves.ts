/**
 * A reduction's two halves, pointwise convolutions of stride 2 of which one sees the image shifted by a pixel, as one
 * 2×2 convolution (quark0/darts `FactorizedReduce`):
 *
 *     concat(a ∗ x, b ∗ x[1:, 1:])  →  w ∗ x,   w[:, :, 0, 0] = (a, 0),  w[:, :, 1, 1] = (0, b)
 *
 * Twice the products and two zeros, but no cut and no concatenation, for which runtimes leave their blocked layouts. An odd
 * size is padded by one behind, for the shifted half and so for the joined one.
 */

import { constantValue, createNode, type Node, producerOf, type Value } from '../ir.ts';
import { floatsOf, nameOf, numbersOf } from './constants.ts';
import { type Pass, readCounts, rewrite } from './rewrite.ts';

const equal = (value: unknown, expected: readonly number[]): boolean =>
  Array.isArray(value) && value.length === expected.length && value.every((x, i) => x === expected[i]);

interface Half {
  readonly node: Node;
  readonly image: Value;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** A pointwise convolution of stride 2 with constant parameters and nothing else to it. */
function halfOf(value: Value | null | undefined): Half | undefined {
  const node = producerOf(value);
  if (node?.op !== 'Conv' || node.domain !== '') return undefined;
  const { attributes, inputs } = node;
  const isPlain =
    equal(attributes.kernel_shape, [1, 1]) &&
    equal(attributes.strides, [2, 2]) &&
    equal(attributes.pads, [0, 0, 0, 0]) &&
    attributes.group === 1;
  const [image, weight, bias] = inputs;
  const weights = floatsOf(weight);
  const biases = bias ? floatsOf(bias) : new Float32Array(Number(weight?.type.shape[0]));
  return isPlain && image && weights && biases ? { node, image, weights, biases } : undefined;
}

/** Rows and columns of zeros behind the image of which this is all but the first row and column. */
function paddingOfShifted(shifted: Value, image: Value): [number, number] | undefined {
  const cut = producerOf(shifted);
  if (cut?.op !== 'Slice') return undefined;
  const [source, ...settings] = cut.inputs;
  const [starts, ends, axes, steps] = settings.map(numbersOf);
  const sizes = source?.type.shape.slice(2).map(Number) ?? [];
  const isShift = equal(starts, [1, 1]) && equal(ends, sizes) && equal(axes, [2, 3]);
  if (!source || !isShift || (steps && !equal(steps, [1, 1]))) return undefined;
  if (source === image) return [0, 0];
  const pad = producerOf(source);
  const [padded, amounts, ...more] = pad?.inputs ?? [];
  const [rows = 0, columns = 0] = numbersOf(amounts)?.slice(6) ?? [];
  const isZeros =
    pad?.op === 'Pad' && (pad.attributes.mode ?? 'constant') === 'constant' && more.length === 0;
  const isBehind = equal(numbersOf(amounts), [0, 0, 0, 0, 0, 0, rows, columns]);
  return isZeros && padded === image && isBehind ? [rows, columns] : undefined;
}

export const joinHalves: Pass = (graph) => {
  const reads = readCounts(graph);
  return rewrite(graph, (node, inputs) => {
    const [left, right] = inputs.map(halfOf);
    if (node.op !== 'Concat' || node.attributes.axis !== 1 || inputs.length !== 2 || !left || !right) {
      return undefined;
    }
    const padding = paddingOfShifted(right.image, left.image);
    // A half that something else reads is computed in any case.
    if (!padding || node.inputs.some((half) => half && reads.get(half) !== 1)) return undefined;
    const sizes = left.image.type.shape.slice(2).map(Number);
    // Only an even size has as many 2×2 windows as rows of stride 2.
    if (sizes.some((size, axis) => (size + (padding[axis] as number)) % 2 !== 0)) return undefined;
    const [first, second] = [left.biases.length, right.biases.length];
    const channels = left.weights.length / first;
    const weights = new Float32Array((first + second) * channels * 4);
    left.weights.forEach((weight, i) => {
      weights[4 * i] = weight;
    });
    right.weights.forEach((weight, i) => {
      weights[4 * (first * channels + i) + 3] = weight;
    });
    const biases = Float32Array.of(...left.biases, ...right.biases);
    const [, weight, bias] = left.node.inputs;
    const parameters = [
      constantValue(weights, { dtype: 'float32', shape: [first + second, channels, 2, 2] }, nameOf(weight)),
      constantValue(biases, { dtype: 'float32', shape: [first + second] }, nameOf(bias)),
    ];
    const attributes = {
      ...left.node.attributes,
      kernel_shape: [2, 2],
      pads: [0, 0, ...padding],
    };
    const types = node.outputs.map(({ type }) => type);
    return createNode({ ...left.node, inputs: [left.image, ...parameters], attributes }, types).outputs;
  });
};
