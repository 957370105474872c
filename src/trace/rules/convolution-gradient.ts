/**
 * The gradients of a convolution y = conv(x, w).
 *
 * The input gradient of a stride-1 convolution is a convolution of dy with the flipped filter, its input and output
 * channels exchanged; a stride spreads dy first. The filter gradient is a convolution of x with dy as the filter,
 * stride and dilation exchanged, summed over the batch; a pointwise one is a matrix product.
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
      lower.imageLayout(x.shape) === 'blocked' && lower.imageLayout(window.outShape) === 'blocked';
    const layout: Layout = blocked ? 'blocked' : 'nchw';
    const image = lower.as(x, layout);
    const read = isStrided(window)
      ? slicePixels(
          lower,
          image,
          layout,
          [0, 0],
          [x.shape[1] as number, x.shape[2] as number],
          window.strides,
        )
      : image;
    const gradient = blocked
      ? blockedProducts(lower, read, lower.as(dy, layout), n, h * w)
      : products(
          lower,
          lower.reshape(read, [n, i, h * w]),
          lower.reshape(lower.as(dy, layout), [n, o, h * w]),
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

/**
 * The same over blocked images, one product for each block of dy; [I, O]. A block's pixels are a matrix [pixels, B] as
 * they lie. One block of x as well; several are brought into one matrix first, as many small products cost more.
 */
function blockedProducts(lower: Lowering, x: Value, dy: Value, n: number, pixels: number): Value {
  const { graph, device } = lower;
  const b = device.block;
  const channels = (value: Value): number => knownShape(value.type.shape)[1] as number;
  const [i, o] = [channels(x), channels(dy)];
  const blocks = lower.reshape(dy, [n, o / b, pixels, b]);
  const each =
    i === b
      ? graph.node('com.microsoft.FusedMatMul', [lower.reshape(x, [n, 1, pixels, b]), blocks], { transA: 1 })
      : graph.node('MatMul', [lower.reshape(asNchw(lower, x), [n, 1, i, pixels]), blocks]);
  const sum = graph.node('ReduceSum', [each, graph.ints([0])], { keepdims: 0 });
  return lower.reshape(transpose(lower, sum, [1, 0, 2]), [i, o]);
}

const asNchw = (lower: Lowering, x: Value): Value =>
  lower.graph.node('com.microsoft.nchwc.ReorderOutput', [x], { channels: x.type.shape[1] as number });
