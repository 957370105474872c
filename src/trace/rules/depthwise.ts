/**
 * Depthwise convolutions and their gradients, as for full ones (`convolution-gradient.ts`). The filter gradient of a
 * blocked image is itself a blocked depthwise convolution over N·C channels whose filter is dy.
 */

import type { Value } from '../../onnx/ir.ts';
import { knownShape, type Shape4 } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import { hasPhases, phasedInputGradient } from '../phases.ts';
import type { Layout, Traced } from '../traced.ts';
import { convolve, correlate } from './convolve.ts';
import { depthwiseFilterFor, flip, transpose } from './filters.ts';
import { applyCrop, gradientPads, insertZeros, pads, type Window } from './window.ts';

/**
 * A blocked image with the columns of its padding made. onnxruntime computes a pixel whose window leaves the image at
 * the side by itself, tap after tap, and those within six at a time: making the columns costs less, where the window is
 * wide. They are made by a depthwise convolution of one tap, its padding zeros.
 */
function withColumns(lower: Lowering, image: Value, padding: readonly number[]) {
  const [top = 0, left = 0, bottom = 0, right = 0] = padding;
  if (left === 0 && right === 0) return { image, padding };
  const { graph } = lower;
  const [, c] = knownShape(image.type.shape) as Shape4;
  const one = graph.constant(new Float32Array(c).fill(1), { dtype: 'float32', shape: [c, 1, 1, 1] });
  const wide = convolve(lower, 'blocked', image, one, { pads: [0, left, 0, right], group: c });
  return { image: wide, padding: [top, 0, bottom, 0] };
}

/** The same where a kernel is wide enough to gain from it. */
const widened = (
  lower: Lowering,
  image: Value,
  layout: Layout,
  [, width]: Window['kernel'],
  padding: readonly number[],
) => (layout === 'blocked' && width >= 5 ? withColumns(lower, image, padding) : { image, padding });

export function depthwise(lower: Lowering, x: Traced, filter: Traced, window: Window, bias?: Value): Traced {
  const [, , c, m] = filter.shape as Shape4;
  const layout: Layout = m === 1 ? lower.imageLayout(window.outShape) : 'nchw';
  const { image, padding } = widened(lower, lower.as(x, layout), layout, window.kernel, pads(window));
  const y = convolve(lower, layout, image, depthwiseFilterFor(lower, lower.as(filter, 'plain'), layout), {
    pads: padding,
    strides: window.strides,
    dilations: window.dilations,
    group: c,
    ...(bias && { bias }),
  });
  return lower.traced(y, layout, window.outShape);
}

/** ∂/∂x of a depthwise convolution: [N, H, W, C] from dy [N, h, w, C·m]. */
export function depthwiseInputGradient(
  lower: Lowering,
  dy: Traced,
  filter: Traced,
  window: Window,
  inputShape: readonly number[],
): Traced {
  const [kh, kw, c, m] = filter.shape as Shape4;
  const layout: Layout = m === 1 ? lower.imageLayout(inputShape) : 'nchw';
  if (hasPhases(window, layout)) {
    const plain = lower.as(filter, 'plain');
    return phasedInputGradient(
      lower,
      lower.as(dy, layout),
      plain,
      window,
      inputShape,
      (image, taps, options) =>
        convolve(lower, layout, image, depthwiseFilterFor(lower, taps, layout), { ...options, group: c }),
    );
  }
  const spread = insertZeros(lower, lower.as(dy, layout), layout, window.strides);
  const cropped = applyCrop(lower, spread, layout, gradientPads(window));
  const { image, padding } = widened(lower, cropped.image, layout, window.kernel, cropped.padding);
  const flipped = flip(lower, lower.as(filter, 'plain'));
  const w =
    m === 1
      ? depthwiseFilterFor(lower, flipped, layout)
      : lower.reshape(transpose(lower, flipped, [2, 3, 0, 1]), [c, m, kh, kw]);
  const dx = convolve(lower, layout, image, w, { pads: padding, dilations: window.dilations, group: c });
  return lower.traced(dx, layout, inputShape);
}

/** ∂/∂w of a depthwise convolution: [kh, kw, C, m] from x [N, H, W, C] and dy [N, h, w, C·m]. */
export function depthwiseFilterGradient(
  lower: Lowering,
  x: Traced,
  dy: Traced,
  window: Window,
  filterShape: readonly number[],
): Traced {
  const [kh, kw, c, m] = filterShape as Shape4;
  const layout = lower.imageLayout(x.shape);
  const plain = (value: Value): Traced =>
    lower.traced(lower.reshape(value, filterShape), 'plain', filterShape);
  // Few sums over all images leave a GPU idle; many over one each do not.
  if (m === 1 && (layout === 'blocked' || lower.device.stacksImages)) {
    const sums = channelProducts(lower, layout, lower.as(x, layout), lower.as(dy, layout), window);
    return plain(transpose(lower, sums, layout === 'blocked' ? [1, 2, 0, 3] : [1, 2, 0]));
  }
  // One group a channel; its N images are the channels that the convolution sums over.
  const [n, h, w] = x.shape as Shape4;
  const images = lower.reshape(transpose(lower, lower.as(x, 'nchw'), [1, 0, 2, 3]), [1, c * n, h, w]);
  const gradient = correlate(lower, images, lower.as(dy, 'nchw'), window, c);
  const ordered = transpose(lower, lower.reshape(gradient, [c, m, kh, kw]), [2, 3, 0, 1]);
  return lower.traced(ordered, 'plain', filterShape);
}

/**
 * An image for a correlation, with the columns of its padding made, and so many more that the taps of a row come in threes.
 * onnxruntime sums three or six neighbouring taps at a time in as long as a single one, and the one at a border by itself.
 */
function inThrees(lower: Lowering, x: Value, window: Window) {
  const [top = 0, left = 0, bottom = 0, right = 0] = pads(window);
  const more = (3 - (window.kernel[1] % 3)) % 3;
  return withColumns(lower, x, [top, left, bottom, right + more * window.dilations[1]]);
}

/**
 * Correlations of each channel of two physical images, summed over the batch: [C/B, kh, kw, B] of blocked ones, else
 * [C, kh, kw]. A depthwise convolution over N·C channels whose *filter* is dy: no data moves, both are merely reshaped.
 */
export function channelProducts(lower: Lowering, layout: Layout, x: Value, dy: Value, window: Window): Value {
  const { graph, device } = lower;
  const { image, padding } =
    layout === 'blocked' && window.kernel[1] > 1
      ? inThrees(lower, x, window)
      : { image: x, padding: pads(window) };
  const [n, c, h, w] = knownShape(image.type.shape) as Shape4;
  const [kh, kw] = window.kernel;
  const [oh, ow] = window.output;
  const full = convolve(
    lower,
    layout,
    lower.reshape(image, [1, n * c, h, w]),
    lower.reshape(dy, [n * c, 1, oh, ow]),
    { pads: padding, strides: window.dilations, dilations: window.strides, group: n * c },
  );
  const [, , fh, fw] = knownShape(full.type.shape) as Shape4;
  const each = layout === 'blocked' ? [n, c / device.block, fh, fw, device.block] : [n, c, fh, fw];
  const sums = graph.node('ReduceSum', [lower.reshape(full, each), graph.ints([0])], { keepdims: 0 });
  // The correlation has more taps than the filter where the stride leaves rows over, or columns were added.
  return fh === kh && fw === kw
    ? sums
    : graph.node('Slice', [sums, graph.ints([0, 0]), graph.ints([kh, kw]), graph.ints([1, 2])]);
}
