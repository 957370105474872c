/** Convolutions: full and depthwise, their gradients, and those that tfjs fuses with bias and activation. */

import type { Value } from '../../onnx/ir.ts';
import { sizeOf } from '../../onnx/shapes.ts';
import { align } from '../align.ts';
import type { Kernels, Rules, TracedInputs } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { activate, type FusedActivation } from './activation.ts';
import { conv2dInputGradient } from './convolution-gradient.ts';
import { convolve, layoutsOf } from './convolve.ts';
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.ts';
import { conv2dFilterGradient } from './filter-gradient.ts';
import { filterFor } from './filters.ts';
import { convolutionWindow, pads, type Window, type WindowAttributes } from './window.ts';

function conv2d(lower: Lowering, x: Traced, filter: Traced, window: Window, bias?: Value): Traced {
  const { image, result } = layoutsOf(lower, x, window.outShape);
  const y = convolve(lower, result, lower.as(x, image), filterFor(lower, filter, image, result), {
    pads: pads(window),
    strides: window.strides,
    dilations: window.dilations,
    ...(bias && { bias }),
  });
  return lower.traced(y, result, window.outShape);
}

/** A fused kernel: convolution, bias over the channels, activation. */
function fused(
  lower: Lowering,
  inputs: TracedInputs<Kernels['FusedConv2D'][0]>,
  attributes: WindowAttributes & FusedActivation,
  isDepthwise: boolean,
): Traced {
  const { x, filter, bias, preluActivationWeights } = inputs;
  const window = convolutionWindow(x.shape, filter.shape, attributes, isDepthwise);
  const channels = window.outShape[3];
  const asVector =
    bias && sizeOf(bias.shape) === channels ? lower.reshape(bias.value, [channels]) : undefined;
  const apply = isDepthwise ? depthwise : conv2d;
  const y = apply(lower, x, filter, window, asVector);
  const biased = bias && !asVector ? add(lower, y, bias) : y;
  return activate(lower, biased, attributes, preluActivationWeights);
}

function add(lower: Lowering, x: Traced, bias: Traced): Traced {
  const { values, layout, finish } = align(lower, [x, bias], x.shape);
  return lower.traced(finish(lower.graph.node('Add', values)), layout, x.shape);
}

const windowOf = (
  x: Traced,
  filterShape: readonly number[],
  attributes: WindowAttributes,
  isDepthwise: boolean,
) => convolutionWindow(x.shape, filterShape, attributes, isDepthwise);

const dilatedDepthwise: Pick<
  Rules,
  'DilatedDepthwiseConv2d' | 'DilatedDepthwiseConv2dBackpropFilter' | 'DilatedDepthwiseConv2dBackpropInput'
> = {
  DilatedDepthwiseConv2d: (lower, { x, filter }, attributes) =>
    depthwise(lower, x, filter, windowOf(x, filter.shape, attributes, true)),
  DilatedDepthwiseConv2dBackpropFilter: (lower, { x, dy }, attributes) => {
    const { filterShape } = attributes;
    return depthwiseFilterGradient(lower, x, dy, windowOf(x, filterShape, attributes, true), filterShape);
  },
  DilatedDepthwiseConv2dBackpropInput: (lower, { dy, filter }, attributes) => {
    const { inputShape } = attributes;
    const window = convolutionWindow(inputShape, filter.shape, attributes, true);
    return depthwiseInputGradient(lower, dy, filter, window, inputShape);
  },
};

export const convolution = {
  ...dilatedDepthwise,
  Conv2D: (lower, { x, filter }, attributes) =>
    conv2d(lower, x, filter, windowOf(x, filter.shape, attributes, false)),
  Conv2DBackpropFilter: (lower, { x, dy }, attributes) => {
    const { filterShape } = attributes;
    return conv2dFilterGradient(lower, x, dy, windowOf(x, filterShape, attributes, false), filterShape);
  },
  Conv2DBackpropInput: (lower, { dy, filter }, attributes) => {
    const { inputShape } = attributes;
    const window = convolutionWindow(inputShape, filter.shape, attributes, false);
    return conv2dInputGradient(lower, dy, filter, window, inputShape);
  },
  DepthwiseConv2dNative: dilatedDepthwise.DilatedDepthwiseConv2d,
  DepthwiseConv2dNativeBackpropFilter: dilatedDepthwise.DilatedDepthwiseConv2dBackpropFilter,
  DepthwiseConv2dNativeBackpropInput: dilatedDepthwise.DilatedDepthwiseConv2dBackpropInput,
  FusedConv2D: (lower, inputs, attributes) => fused(lower, inputs, attributes, false),
  FusedDepthwiseConv2D: (lower, inputs, attributes) => fused(lower, inputs, attributes, true),
} satisfies Partial<Rules>;
