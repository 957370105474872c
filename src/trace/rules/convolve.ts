/** One convolution node over a physical image, and the layouts that it takes part in. */

import type { Attributes, Value } from '../../onnx/ir.ts';
import type { Inputs } from '../../onnx/operators.ts';
import { knownShape } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';
import { transpose } from './filters.ts';
import { pads, type Window } from './window.ts';

export interface ConvolutionOptions {
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
}

/** A convolution over a physical image in the given layout; `bias` of one element an output channel. */
export function convolve(
  lower: Lowering,
  layout: Layout,
  image: Value,
  filter: Value,
  { bias, ...options }: ConvolutionOptions & { readonly bias?: Value },
): Value {
  const inputs = bias ? [image, filter, bias] : [image, filter];
  return layout === 'blocked'
    ? blockedConvolution(lower, inputs, options)
    : lower.graph.node('Conv', inputs, {
        kernel_shape: knownShape(filter.type.shape).slice(2),
        pads: options.pads ?? [0, 0, 0, 0],
        strides: options.strides ?? [1, 1],
        dilations: options.dilations ?? [1, 1],
        group: options.group ?? 1,
      });
}

/**
 * A blocked convolution, of image, filter, bias and summand, with what else its node says. Only we read it: what attributes
 * are by default is left out, as two thirds of a step's 100,000 attributes are that.
 */
export function blockedConvolution(
  lower: Lowering,
  inputs: Inputs,
  { pads, strides, dilations, group = 1 }: ConvolutionOptions,
  activation: Attributes = {},
): Value {
  const isUnusual = (values: readonly number[] | undefined, usual: number): boolean =>
    values?.some((value) => value !== usual) ?? false;
  return lower.graph.node('com.microsoft.nchwc.Conv', inputs, {
    ...(pads && isUnusual(pads, 0) && { pads }),
    ...(strides && isUnusual(strides, 1) && { strides }),
    ...(dilations && isUnusual(dilations, 1) && { dilations }),
    ...(group !== 1 && { group }),
    ...activation,
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
