/** One convolution node over a physical image, and the layouts that it takes part in. */

import type { Value } from '../../onnx/ir.ts';
import { knownShape } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';
import { transpose } from './filters.ts';
import { pads, type Window } from './window.ts';

/** A convolution over a physical image in the given layout; `bias` of one element an output channel. */
export function convolve(
  lower: Lowering,
  layout: Layout,
  image: Value,
  filter: Value,
  options: {
    pads: readonly number[];
    strides?: readonly number[];
    dilations?: readonly number[];
    group?: number;
    bias?: Value;
  },
): Value {
  const shape = knownShape(filter.type.shape);
  const inputs = options.bias ? [image, filter, options.bias] : [image, filter];
  return lower.graph.node(layout === 'blocked' ? 'com.microsoft.nchwc.Conv' : 'Conv', inputs, {
    kernel_shape: shape.slice(2),
    pads: options.pads,
    strides: options.strides ?? [1, 1],
    dilations: options.dilations ?? [1, 1],
    group: options.group ?? 1,
  });
}

/** The layouts of image and result of a full convolution: blocked needs whole blocks of output channels. */
export function layoutsOf(
  lower: Lowering,
  x: Traced,
  outShape: readonly number[],
): { image: Layout; result: Layout } {
  const result = lower.imageLayout(outShape);
  const image = lower.imageLayout(x.shape);
  // The blocked convolution also reads an nchw image, but only of fewer channels than a block.
  if (result === 'blocked' && image !== 'blocked' && (x.shape[3] as number) >= lower.device.block) {
    return { image: 'nchw', result: 'nchw' };
  }
  return result === 'blocked' ? { image, result } : { image: 'nchw', result: 'nchw' };
}

/**
 * What filter gradients are made of: the correlation of x and dy over pixels and batch, one tap a filter element. The
 * batch takes the place of the channels that a convolution sums over; stride and dilation are exchanged.
 *
 * @param images physical [1 or I, group·N, H, W]: x, the batch among the channels
 * @param dy nchw [N, O, h, w]
 * @returns [1 or I, O, kh, kw]
 */
export function correlate(lower: Lowering, images: Value, dy: Value, window: Window, group = 1): Value {
  const { graph } = lower;
  const full = convolve(lower, 'nchw', images, transpose(lower, dy, [1, 0, 2, 3]), {
    pads: pads(window),
    strides: window.dilations,
    dilations: window.strides,
    group,
  });
  // Where the stride leaves rows over, there are more taps than the filter has.
  return graph.node('Slice', [full, graph.ints([0, 0]), graph.ints(window.kernel), graph.ints([2, 3])]);
}
