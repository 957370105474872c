/**
 * The gradients of a convolution y = conv(x, w).
 *
 * The input gradient of a stride-1 convolution is a convolution of dy with the flipped filter, its input and output
 * channels exchanged; a stride spreads dy first. The filter gradient is a convolution of x with dy as the filter,
 * stride and dilation exchanged, summed over the batch; a pointwise one is a matrix product, in blocks a convolution, too.
 */
import type { Value } from '../../onnx/ir.ts';
import type { Lowering } from '../lowering.ts';
import { hasPhases, phasedInputGradient } from '../phases.ts';
import { knownShape, type Layout, type Traced } from '../traced.ts';
import { convolve, correlate, layoutsOf } from './convolve.ts';
import { filterFor, flip, transpose } from './filters.ts';
import {
  applyCrop,
  gradientPads,
  insertZeros,
  isPointwise,
  isStrided,
  pads,
  slicePixels,
  type Window,
} from './window.ts';

type Shape4 = readonly [number, number, number, number];

/** ∂/∂x of a convolution: [N, H, W, I] from dy [N, h, w, O]. */
export function conv2dInputGradient(
  lower: Lowering,
  dy: Traced,
  filter: Traced,
  window: Window,
  inputShape: readonly number[],
): Traced {
  const [kh, kw, i, o] = filter.shape as Shape4;
  const layouts = layoutsOf(lower, dy, inputShape);
  if (layouts.image === 'blocked' && hasPhases(window, layouts.result)) {
    const plain = lower.as(filter, 'plain');
    return phasedInputGradient(
      lower,
      lower.as(dy, 'blocked'),
      plain,
      window,
      inputShape,
      (image, taps, options) => {
        const [h, w] = knownShape(taps.type.shape) as Shape4;
        const value = transpose(lower, taps, [0, 1, 3, 2]);
        const backward: Traced = { value, layout: 'plain', shape: [h, w, o, i], dtype: 'float32' };
        return convolve(lower, 'blocked', image, filterFor(lower, backward, 'blocked', 'blocked'), options);
      },
    );
  }
  if (isStrided(window) && !isPointwise(window)) {
    const outputPadding = [0, 1].map((axis) => {
      const k = axis as 0;
      const reached =
        (window.output[k] - 1) * window.strides[k] + (window.kernel[k] - 1) * window.dilations[k] + 1;
      return window.input[k] - (reached - window.before[k] - window.after[k]);
    });
    const w = transpose(lower, lower.as(filter, 'plain'), [3, 2, 0, 1]);
    const dx = lower.graph.node('ConvTranspose', [lower.as(dy, 'nchw'), w], {
      kernel_shape: window.kernel,
      pads: pads(window),
      strides: window.strides,
      dilations: window.dilations,
      output_padding: outputPadding,
    });
    return lower.traced(dx, 'nchw', inputShape);
  }
  // A flipped filter with its channels exchanged: [kh, kw, O, I].
  const exchanged = transpose(lower, flip(lower, lower.as(filter, 'plain')), [0, 1, 3, 2]);
  const backward: Traced = { value: exchanged, layout: 'plain', shape: [kh, kw, o, i], dtype: 'float32' };
  const { image, result } = layouts;
  // Pointwise: convolve the small image and spread the result, not the other way around.
  const spread = (value: Value, layout: Layout): Value => insertZeros(lower, value, layout, window.strides);
  const early = isPointwise(window) ? lower.as(dy, image) : spread(lower.as(dy, image), image);
  const padding = gradientPads(window);
  if (!isPointwise(window)) {
    const cropped = applyCrop(lower, early, image, padding);
    const w = filterFor(lower, backward, image, result);
    const dx = convolve(lower, result, cropped.image, w, {
      pads: cropped.padding,
      dilations: window.dilations,
    });
    return lower.traced(dx, result, inputShape);
  }
  const small = convolve(lower, result, early, filterFor(lower, backward, image, result), {
    pads: [0, 0, 0, 0],
  });
  return lower.traced(resize(lower, spread(small, result), result, padding), result, inputShape);
}

/** Pads (with zeros) or crops the rows and columns of a physical image. */
function resize(lower: Lowering, image: Value, layout: Layout, padding: readonly number[]): Value {
  const { image: cropped, padding: rest } = applyCrop(lower, image, layout, padding);
  if (rest.every((p) => p === 0)) return cropped;
  const [top, left, bottom, right] = rest as [number, number, number, number];
  const inner = layout === 'blocked' ? [0] : [];
  const ends = [0, 0, top, left, ...inner, 0, 0, bottom, right, ...inner];
  const pixels = layout === 'blocked' ? lower.toBlocks(cropped) : cropped;
  const padded = lower.graph.node('Pad', [pixels, lower.graph.ints(ends)]);
  return layout === 'blocked' ? lower.fromBlocks(padded) : padded;
}

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
  if (isPointwise(window) && window.before.every((p) => p === 0) && window.after.every((p) => p === 0)) {
    const blocked =
      isFilterBatch(lower, n) &&
      lower.imageLayout(x.shape) === 'blocked' &&
      lower.imageLayout(window.outShape) === 'blocked';
    const gradient = blocked
      ? blockedProducts(lower, lower.as(x, 'blocked'), lower.as(dy, 'blocked'), window)
      : products(
          lower,
          lower.reshape(stridden(lower, x, window), [n, i, h * w]),
          lower.reshape(lower.as(dy, 'nchw'), [n, o, h * w]),
        );
    return lower.traced(lower.reshape(gradient, filterShape), 'plain', filterShape);
  }
  const images = transpose(lower, lower.as(x, 'nchw'), [1, 0, 2, 3]);
  const gradient = correlate(lower, images, lower.as(dy, 'nchw'), window);
  return lower.traced(transpose(lower, gradient, [2, 3, 0, 1]), 'plain', filterShape);
}

/** Σₙ aₙ·bₙᵀ for a [N, I, M] and b [N, O, M]. */
function products(lower: Lowering, a: Value, b: Value): Value {
  const { graph } = lower;
  const each = lower.device.contrib
    ? graph.node('com.microsoft.FusedMatMul', [a, b], { transB: 1 })
    : graph.node('MatMul', [a, transpose(lower, b, [0, 2, 1])]);
  return graph.node('ReduceSum', [each, graph.ints([0])], { keepdims: 0 });
}

/** The pixels in nchw that a pointwise window reads. */
function stridden(lower: Lowering, x: Traced, { strides, input }: Window): Value {
  const image = lower.as(x, 'nchw');
  return strides.every((stride) => stride === 1)
    ? image
    : slicePixels(lower, image, 'nchw', [0, 0], input, strides);
}

/** Whether images of this number can be the channels of one: onnxruntime wants whole blocks, or less than one. */
const isFilterBatch = ({ device }: Lowering, n: number): boolean =>
  n < device.block || n % device.block === 0;

/**
 * The same over blocked images, by one convolution of which dy is the *filter*; [I, O]. An image in blocks of B channels
 * is, as it lies, a picture of I/B·H rows and W·B columns, in which the pixels of one channel are B columns apart, and
 * the blocks of channels H rows. A window as large as dy, dilated by B columns, so has Σ x·dy of one channel at each of
 * B columns, and of the next block H rows below. Each of the N images is a group with its own dy; no data moves.
 */
function blockedProducts(lower: Lowering, x: Value, dy: Value, { strides, output }: Window): Value {
  const { graph, device } = lower;
  const b = device.block;
  const [n, i, h, w] = knownShape(x.type.shape) as Shape4;
  const [, o, oh, ow] = knownShape(dy.type.shape) as Shape4;
  const picture = lower.reshape(x, [1, n, (i / b) * h, w * b]);
  const full = convolve(lower, 'blocked', picture, lower.reshape(dy, [n * o, 1, oh, ow]), {
    pads: [0, 0, 0, 0],
    strides: [h, 1],
    dilations: [strides[0], strides[1] * b],
    group: n,
  });
  // Where a stride leaves pixels over at the right, there are more columns than channels.
  const columns = w * b - (output[1] - 1) * strides[1] * b;
  const blocks = lower.reshape(full, [n, o / b, i / b, columns, b]);
  const sum = graph.node('ReduceSum', [blocks, graph.ints([0])], { keepdims: 0 });
  const own =
    columns === b ? sum : graph.node('Slice', [sum, graph.ints([0]), graph.ints([b]), graph.ints([2])]);
  return lower.reshape(transpose(lower, lower.reshape(own, [o / b, i, b]), [1, 0, 2]), [i, o]);
}
