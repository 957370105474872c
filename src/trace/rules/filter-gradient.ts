/**
 * The filter gradient of a convolution y = conv(x, w): a convolution of x with dy as the filter, stride and dilation
 * exchanged, summed over the batch. In blocks no data moves for it; elsewhere a pointwise one is a matrix product.
 */

import type { Value } from '../../onnx/ir.ts';
import { knownShape, type Shape4 } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { convolve, correlate } from './convolve.ts';
import { transpose } from './filters.ts';
import { isPointwise, slicePixels, type Window } from './window.ts';

/** ∂/∂w of a convolution: [kh, kw, I, O] from x [N, H, W, I] and dy [N, h, w, O]. */
export function conv2dFilterGradient(
  lower: Lowering,
  x: Traced,
  dy: Traced,
  window: Window,
  filterShape: readonly number[],
): Traced {
  const [, , i, o] = filterShape as Shape4;
  const [n, h, w] = window.outShape;
  const plain = (value: Value): Traced =>
    lower.traced(lower.reshape(value, filterShape), 'plain', filterShape);
  if (isBlocked(lower, x, window)) {
    return plain(blockedProducts(lower, lower.as(x, 'blocked'), lower.as(dy, 'blocked'), window));
  }
  if (isPointwise(window) && isUnpadded(window)) {
    const read = lower.reshape(pixelsRead(lower, x, window), [n, i, h * w]);
    return plain(products(lower, read, lower.reshape(lower.as(dy, 'nchw'), [n, o, h * w])));
  }
  const images = transpose(lower, lower.as(x, 'nchw'), [1, 0, 2, 3]);
  const gradient = correlate(lower, images, lower.as(dy, 'nchw'), window);
  return plain(transpose(lower, gradient, [2, 3, 0, 1]));
}

const isUnpadded = ({ before, after }: Window): boolean => [...before, ...after].every((p) => p === 0);

/** Images become the channels of one: onnxruntime wants whole blocks of them, or less than one. */
const isBlocked = (lower: Lowering, { shape }: Traced, { outShape, dilations }: Window): boolean => {
  const [n = 0] = shape;
  const { block } = lower.device;
  return (
    [shape, outShape].every((image) => lower.imageLayout(image) === 'blocked') &&
    (n < block || n % block === 0) &&
    dilations[1] === 1
  );
};

/** Σₙ aₙ·bₙᵀ for a [N, I, M] and b [N, O, M]. */
function products(lower: Lowering, a: Value, b: Value): Value {
  const { graph } = lower;
  const each = lower.device.contrib
    ? graph.node('com.microsoft.FusedMatMul', [a, b], { transB: 1 })
    : graph.node('MatMul', [a, transpose(lower, b, [0, 2, 1])]);
  return graph.node('ReduceSum', [each, graph.ints([0])], { keepdims: 0 });
}

/** The pixels in nchw that a pointwise window reads. */
function pixelsRead(lower: Lowering, x: Traced, { strides, input }: Window): Value {
  const image = lower.as(x, 'nchw');
  return strides.every((stride) => stride === 1)
    ? image
    : slicePixels(lower, image, 'nchw', [0, 0], input, strides);
}

/**
 * The same over blocked images by convolutions of which dy is the *filter*: [kh, kw, I, O], with dimensions of size 1
 * perhaps elsewhere. One block of B channels is, as it lies, a picture of H rows and W·B columns, in which the pixels of
 * one channel are B columns apart. A window as large as dy, dilated by B columns, so has Σ x·dy of each channel at B
 * neighbouring columns, of the next tap B columns on or a row below. Each of the N images is a group with its own dy.
 *
 * Without padding, the blocks of an image are one picture, with H rows from each to the next.
 */
function blockedProducts(lower: Lowering, x: Value, dy: Value, window: Window): Value {
  const { graph, device } = lower;
  const [n, i, h, w] = knownShape(x.type.shape) as Shape4;
  const blocks = i / device.block;
  if (blocks === 1 || (isPointwise(window) && isUnpadded(window))) {
    return pictureProducts(lower, x, dy, window, blocks);
  }
  const sizes = graph.ints(Array<number>(blocks).fill(1));
  const apart = lower.reshape(x, [n, blocks, h, w * device.block]);
  const parts = graph
    .nodes('Split', [apart, sizes], { axis: 1 }, blocks)
    .map((part) => pictureProducts(lower, part, dy, window, 1));
  return graph.node('Concat', parts, { axis: 2 });
}

/** @returns [kh, kw, B, O] of one block, [blocks, 1, B, O] of several */
function pictureProducts(
  lower: Lowering,
  x: Value,
  dy: Value,
  { kernel, strides, dilations, before, after, input: [h, w] }: Window,
  blocks: number,
): Value {
  const { graph, device } = lower;
  const b = device.block;
  const [n, o, oh, ow] = knownShape(dy.type.shape) as Shape4;
  const full = convolve(
    lower,
    'blocked',
    lower.reshape(x, [1, n, blocks * h, w * b]),
    lower.reshape(dy, [n * o, 1, oh, ow]),
    {
      pads: [before[0], before[1] * b, after[0], after[1] * b],
      strides: [blocks > 1 ? h : dilations[0], 1],
      dilations: [strides[0], strides[1] * b],
      group: n,
    },
  );
  const [, , rows, columns] = knownShape(full.type.shape) as Shape4;
  const taps = lower.reshape(full, [n, o / b, rows, columns / b, b, b]);
  const sum = graph.node('ReduceSum', [taps, graph.ints([0])], { keepdims: 0 });
  // Where a stride leaves pixels over, there are more taps than the filter has.
  const wanted = [blocks > 1 ? blocks : kernel[0], kernel[1]] as const;
  const own =
    rows === wanted[0] && columns / b === wanted[1]
      ? sum
      : graph.node('Slice', [sum, graph.ints([0, 0]), graph.ints(wanted), graph.ints([1, 2])]);
  return lower.reshape(transpose(lower, own, [1, 2, 3, 0, 4]), [...wanted, b, o]);
}
