/**
 * The input gradient of a convolution. Where the stride is 1, it is a convolution of dy with the flipped filter, its input
 * and output channels exchanged. Other strides leave pixels between those that dy lies on:
 *
 * - Strides of 2 in blocks take apart what comes of it (`phases.ts`): each part is such a convolution.
 * - A pointwise filter reaches no other pixels: dy is convolved as small as it is, and what comes of it is spread.
 * - What is left is ONNX's ConvTranspose.
 */

import type { Value } from '../../onnx/ir.ts';
import { knownShape, type Shape4 } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import { hasPhases, phasedInputGradient } from '../phases.ts';
import type { Layout, Traced } from '../traced.ts';
import { convolve, layoutsOf } from './convolve.ts';
import { filterFor, flip, transpose } from './filters.ts';
import {
  applyCrop,
  extent,
  gradientPads,
  insertZeros,
  isPointwise,
  isStrided,
  pads,
  type Window,
} from './window.ts';

/** The layouts of dy and of what comes of it. */
type Layouts = Readonly<Record<'image' | 'result', Layout>>;

/** ∂/∂x of a convolution: [N, H, W, I] from dy [N, h, w, O]. */
export function conv2dInputGradient(
  lower: Lowering,
  dy: Traced,
  filter: Traced,
  window: Window,
  inputShape: readonly number[],
): Traced {
  const taps = lower.as(filter, 'plain');
  const layouts = layoutsOf(lower, dy, inputShape);
  if (layouts.image === 'blocked' && hasPhases(window, layouts.result)) {
    const image = lower.as(dy, 'blocked');
    return phasedInputGradient(lower, image, taps, window, inputShape, (part, some, options) =>
      convolve(lower, 'blocked', part, backwards(lower, some, layouts), options),
    );
  }
  if (!isStrided(window))
    return lower.traced(unstrided(lower, dy, taps, window, layouts), layouts.result, inputShape);
  if (isPointwise(window))
    return lower.traced(pointwise(lower, dy, taps, window, layouts), layouts.result, inputShape);
  return lower.traced(transposed(lower, dy, taps, window), 'nchw', inputShape);
}

/** Taps [kh, kw, I, O] as the filter of a convolution of O channels to I. */
function backwards(lower: Lowering, taps: Value, { image, result }: Layouts): Value {
  const [kh, kw, i, o] = knownShape(taps.type.shape) as Shape4;
  const value = transpose(lower, taps, [0, 1, 3, 2]);
  return filterFor(lower, { value, layout: 'plain', shape: [kh, kw, o, i], dtype: 'float32' }, image, result);
}

/** Of strides of 1. */
function unstrided(lower: Lowering, dy: Traced, taps: Value, window: Window, layouts: Layouts): Value {
  const { image: layout, result } = layouts;
  const { image, padding } = applyCrop(lower, lower.as(dy, layout), layout, gradientPads(window));
  const filter = backwards(lower, flip(lower, taps), layouts);
  return convolve(lower, result, image, filter, { pads: padding, dilations: window.dilations });
}

/** Of a filter of one pixel, strided: convolved first, then spread. */
function pointwise(lower: Lowering, dy: Traced, taps: Value, window: Window, layouts: Layouts): Value {
  const { image, result } = layouts;
  const filter = backwards(lower, taps, layouts);
  const small = convolve(lower, result, lower.as(dy, image), filter, { pads: [0, 0, 0, 0] });
  const spread = insertZeros(lower, small, result, window.strides);
  // A window of one pixel leaves less than a stride over, so what is spread lacks nothing at the ends: it is only cropped.
  return applyCrop(lower, spread, result, gradientPads(window)).image;
}

/** Of any window, by ONNX's own operator; in nchw. */
function transposed(lower: Lowering, dy: Traced, taps: Value, window: Window): Value {
  const { input, output, strides, before, after } = window;
  const span = extent(window);
  const beyond = ([0, 1] as const).map(
    (axis) => input[axis] + before[axis] + after[axis] - (output[axis] - 1) * strides[axis] - span[axis],
  );
  const filter = transpose(lower, taps, [3, 2, 0, 1]);
  return lower.graph.node('ConvTranspose', [lower.as(dy, 'nchw'), filter], {
    kernel_shape: window.kernel,
    pads: pads(window),
    strides,
    dilations: window.dilations,
    output_padding: beyond,
  });
}
