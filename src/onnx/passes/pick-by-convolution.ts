/**
 * A cut of an image's first rows and columns before a pointwise convolution of stride s, as a depthwise convolution that
 * picks the pixels which are read:
 *
 *     w ∗ₛ x[p:, q:]  →  w ∗ (δ ∗ₛ x),   δ of (p+1)×(q+1) pixels, 1 at (p, q) and else 0, the same for each channel
 *
 * A reduction's second half reads its image so (quark0/darts `FactorizedReduce`). The result is the same to the bit
 * where the image is finite. Runtimes that keep images in blocks leave them for a cut, not for a convolution.
 */

import { constantValue, createNode, type Node, producerOf, type Value } from '../ir.ts';
import { numbersOf } from './constants.ts';
import { type Pass, readCounts, rewrite } from './rewrite.ts';

const equal = (value: unknown, expected: readonly number[]): boolean =>
  Array.isArray(value) && value.length === expected.length && value.every((x, i) => x === expected[i]);

type Pair = readonly [number, number];

/** An image without its first rows and columns, or with more of zeros behind it. */
interface Part {
  readonly image: Value;
  /** Rows and columns. */
  readonly amounts: Pair;
}

/** What a Slice leaves of an image: all but its first rows and columns. */
function cutOf(value: Value): Part | undefined {
  const cut = producerOf(value);
  const [image, ...settings] = cut?.inputs ?? [];
  const [starts, ends, axes, steps] = settings.map(numbersOf);
  const isWhole = !settings[3] || equal(steps, [1, 1]);
  const sizes = image?.type.shape.slice(2).map(Number) ?? [];
  const [rows = -1, columns = -1] = starts ?? [];
  const isCut =
    cut?.op === 'Slice' && image && rows >= 0 && columns >= 0 && equal(axes, [2, 3]) && equal(ends, sizes);
  return isCut && isWhole ? { image, amounts: [rows, columns] } : undefined;
}

/** The image that a value is, and the zeros that a Pad puts behind it. */
function paddedBehind(value: Value): Part {
  const plain: Part = { image: value, amounts: [0, 0] };
  const pad = producerOf(value);
  const [image, amounts, ...more] = pad?.inputs ?? [];
  if (pad?.op !== 'Pad' || !image || more.length > 0 || (pad.attributes.mode ?? 'constant') !== 'constant') {
    return plain;
  }
  const [rows = 0, columns = 0] = numbersOf(amounts)?.slice(6) ?? [];
  // Negative ones, which a Pad may have, cut: a convolution cannot.
  return equal(numbersOf(amounts), [0, 0, 0, 0, 0, 0, rows, columns]) && rows >= 0 && columns >= 0
    ? { image, amounts: [rows, columns] }
    : plain;
}

/** The strides of a pointwise convolution of all channels; undefined for any other node. */
function pointwiseStrides({ op, domain, attributes }: Node): Pair | undefined {
  const isPointwise =
    op === 'Conv' &&
    domain === '' &&
    attributes.group === 1 &&
    equal(attributes.kernel_shape, [1, 1]) &&
    equal(attributes.pads, [0, 0, 0, 0]);
  return isPointwise ? (attributes.strides as [number, number]) : undefined;
}

/** δ for each of the channels: [C, 1, p+1, q+1]. */
function picking(channels: number, [p, q]: Pair): Value {
  const size = (p + 1) * (q + 1);
  const data = Float32Array.from({ length: channels * size }, (_, i) => Number(i % size === size - 1));
  return constantValue(data, { dtype: 'float32', shape: [channels, 1, p + 1, q + 1] });
}

export const pickByConvolution: Pass = (graph) => {
  const reads = readCounts(graph);
  return rewrite(graph, (node, [read, ...parameters]) => {
    const strides = pointwiseStrides(node);
    const cut = read && cutOf(read);
    // A cut that something else reads is made in any case.
    if (!strides || !cut || reads.get(node.inputs[0] as Value) !== 1) return undefined;
    const [p, q] = cut.amounts;
    const { image, amounts } = paddedBehind(cut.image);
    const [channels, { type }] = [Number(image.type.shape[1]), node.outputs[0] as Value];
    if (p >= strides[0] || q >= strides[1] || type.dtype !== 'float32') return undefined;
    const window = { kernel_shape: [p + 1, q + 1], dilations: [1, 1], pads: [0, 0, ...amounts] };
    const attributes = { ...window, strides, group: channels };
    const [batch = 0, , ...sizes] = type.shape;
    const pickedType = { ...type, shape: [batch, channels, ...sizes] };
    const inputs = [image, picking(channels, [p, q])];
    const [picked = null] = createNode({ ...node, inputs, attributes }, [pickedType]).outputs;
    const whole = { ...node.attributes, strides: [1, 1] };
    return createNode({ ...node, inputs: [picked, ...parameters], attributes: whole }, [type]).outputs;
  });
};
