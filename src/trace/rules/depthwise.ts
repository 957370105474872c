/**
 * Depthwise convolutions and their gradients, as for full ones (`convolution-gradient.ts`). The filter gradient of a
 * blocked image is itself a blocked depthwise convolution over N·C channels whose filter is dy.
 */
import type { Value } from '../../onnx/ir.ts';
import type { Lowering } from '../lowering.ts';
import { knownShape, type Layout, type Traced } from '../traced.ts';
import { convolve, correlate } from './convolve.ts';
import { depthwiseFilterFor, flip, transpose } from './filters.ts';
import { applyCrop, gradientPads, insertZeros, pads, type Window } from './window.ts';

type Shape4 = readonly [number, number, number, number];

export function depthwise(lower: Lowering, x: Traced, filter: Traced, window: Window, bias?: Value): Traced {
  const [, , c, m] = filter.shape as Shape4;
  const layout: Layout = m === 1 ? lower.imageLayout(window.outShape) : 'nchw';
  const y = convolve(
    lower,
    layout,
    lower.as(x, layout),
    depthwiseFilterFor(lower, lower.as(filter, 'plain'), layout),
    {
      pads: pads(window),
      strides: window.strides,
      dilations: window.dilations,
      group: c,
      ...(bias && { bias }),
    },
  );
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
  const spread = insertZeros(lower, lower.as(dy, layout), layout, window.strides);
  const { image, padding } = applyCrop(lower, spread, layout, gradientPads(window));
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
  if (m === 1 && lower.imageLayout(x.shape) === 'blocked') {
    const sums = blockedChannelProducts(lower, lower.as(x, 'blocked'), lower.as(dy, 'blocked'), window);
    return lower.traced(
      lower.reshape(transpose(lower, sums, [1, 2, 0, 3]), filterShape),
      'plain',
      filterShape,
    );
  }
  // One group a channel; its N images are the channels that the convolution sums over.
  const [n, h, w] = x.shape as Shape4;
  const images = lower.reshape(transpose(lower, lower.as(x, 'nchw'), [1, 0, 2, 3]), [1, c * n, h, w]);
  const gradient = correlate(lower, images, lower.as(dy, 'nchw'), window, c);
  const ordered = transpose(lower, lower.reshape(gradient, [c, m, kh, kw]), [2, 3, 0, 1]);
  return lower.traced(ordered, 'plain', filterShape);
}

/**
 * Correlations of each channel of two blocked images, summed over the batch: [C/B, kh, kw, B]. A blocked depthwise
 * convolution over N·C channels whose *filter* is dy: no data moves, both are merely reshaped.
 */
export function blockedChannelProducts(lower: Lowering, x: Value, dy: Value, window: Window): Value {
  const { graph, device } = lower;
  const [n, c, h, w] = knownShape(x.type.shape) as Shape4;
  const [kh, kw] = window.kernel;
  const [oh, ow] = window.output;
  const full = convolve(
    lower,
    'blocked',
    lower.reshape(x, [1, n * c, h, w]),
    lower.reshape(dy, [n * c, 1, oh, ow]),
    { pads: pads(window), strides: window.dilations, dilations: window.strides, group: n * c },
  );
  const [, , fh, fw] = knownShape(full.type.shape) as Shape4;
  const blocks = lower.reshape(full, [n, c / device.block, fh, fw, device.block]);
  const sums = graph.node('ReduceSum', [blocks, graph.ints([0])], { keepdims: 0 });
  // Where the stride leaves rows over, the correlation has more taps than the filter.
  return fh === kh && fw === kw
    ? sums
    : graph.node('Slice', [sums, graph.ints([0, 0]), graph.ints([kh, kw]), graph.ints([1, 2])]);
}
