/**
 * The input gradient of a convolution: where the stride is 1, a convolution of dy with the flipped filter, its input and
 * output channels exchanged. A stride of 2 in blocks takes apart what comes of it (`phases.ts`); another spreads dy first.
 */
import type { Value } from '../../onnx/ir.ts';
import type { Lowering } from '../lowering.ts';
import { hasPhases, phasedInputGradient } from '../phases.ts';
import { knownShape, type Layout, type Traced } from '../traced.ts';
import { convolve, layoutsOf } from './convolve.ts';
import { filterFor, flip, transpose } from './filters.ts';
import { applyCrop, gradientPads, insertZeros, isPointwise, isStrided, pads, type Window } from './window.ts';

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
