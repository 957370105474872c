/**
 * Convolutions and their gradients.
 *
 * With y = conv(x, w): the input gradient of a stride-1 convolution is a convolution of dy with the flipped filter,
 * its input and output channels exchanged; a stride spreads dy first. The filter gradient is a convolution of x
 * with dy as the filter, stride and dilation exchanged, summed over the batch.
 */
import type { Value } from '../../onnx/ir.ts';
import { align } from '../align.ts';
import type { Kernels, Rules, TracedInputs } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { knownShape, type Layout, sizeOf, type Traced } from '../traced.ts';
import { activate, type FusedActivation } from './activation.ts';
import {
  applyCrop,
  convolutionWindow,
  gradientPads,
  insertZeros,
  isPointwise,
  isStrided,
  pads,
  slicePixels,
  type Window,
  type WindowAttributes,
} from './window.ts';

type Shape4 = readonly [number, number, number, number];

/** A convolution over a physical image in the given layout; `bias` of one element an output channel. */
function convolve(
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

const transpose = (lower: Lowering, x: Value, perm: readonly number[]): Value =>
  lower.graph.node('Transpose', [x], { perm });

/**
 * The filter [kh, kw, I, O] as ONNX's [O, I, kh, kw]. For the blocked convolution the memory order is that of
 * [O/B, I/B, kh, kw, B(i), B(o)], or of [O/B, I, kh, kw, B(o)] when the image itself is nchw.
 */
function filterFor(lower: Lowering, w: Traced, image: Layout, result: Layout): Value {
  const [kh, kw, i, o] = w.shape as Shape4;
  const filter = lower.as(w, 'plain');
  if (result !== 'blocked') return transpose(lower, filter, [3, 2, 0, 1]);
  const b = lower.device.block;
  const ordered =
    image === 'blocked'
      ? transpose(lower, lower.reshape(filter, [kh, kw, i / b, b, o / b, b]), [4, 2, 0, 1, 3, 5])
      : transpose(lower, lower.reshape(filter, [kh, kw, i, o / b, b]), [3, 2, 0, 1, 4]);
  return lower.reshape(ordered, [o, i, kh, kw]);
}

/** The depthwise filter [kh, kw, C, m] as [C·m, 1, kh, kw]; blocked: in the order of [C/B, kh, kw, B]. */
function depthwiseFilterFor(lower: Lowering, w: Value, layout: Layout): Value {
  const [kh, kw, c, m] = knownShape(w.type.shape) as Shape4;
  const b = lower.device.block;
  const ordered =
    layout === 'blocked'
      ? transpose(lower, lower.reshape(w, [kh, kw, c / b, b]), [2, 0, 1, 3])
      : transpose(lower, w, [2, 3, 0, 1]);
  return lower.reshape(ordered, [c * m, 1, kh, kw]);
}

/** The filter turned by 180°. */
const flip = (lower: Lowering, filter: Value): Value => {
  const [kh, kw] = knownShape(filter.type.shape) as Shape4;
  if (kh === 1 && kw === 1) return filter;
  const { graph } = lower;
  const farBefore = -(2 ** 31);
  return graph.node('Slice', [
    filter,
    graph.ints([-1, -1]),
    graph.ints([farBefore, farBefore]),
    graph.ints([0, 1]),
    graph.ints([-1, -1]),
  ]);
};

/** The layouts of image and result of a full convolution: blocked needs whole blocks of output channels. */
function layoutsOf(
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

/** ∂/∂x of a convolution: [N, H, W, I] from dy [N, h, w, O]. */
function conv2dInputGradient(
  lower: Lowering,
  dy: Traced,
  filter: Traced,
  window: Window,
  inputShape: readonly number[],
): Traced {
  const [kh, kw, i, o] = filter.shape as Shape4;
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
  const { image, result } = layoutsOf(lower, dy, inputShape);
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
  const [top, left, bottom, right] = rest as unknown as Shape4;
  const inner = layout === 'blocked' ? [0] : [];
  const ends = [0, 0, top, left, ...inner, 0, 0, bottom, right, ...inner];
  const pixels = layout === 'blocked' ? lower.toBlocks(cropped) : cropped;
  const padded = lower.graph.node('Pad', [pixels, lower.graph.ints(ends)]);
  return layout === 'blocked' ? lower.fromBlocks(padded) : padded;
}

/** ∂/∂w of a convolution: [kh, kw, I, O] from x [N, H, W, I] and dy [N, h, w, O]. */
function conv2dFilterGradient(
  lower: Lowering,
  x: Traced,
  dy: Traced,
  window: Window,
  filterShape: readonly number[],
): Traced {
  const { graph } = lower;
  const [kh, kw, i, o] = filterShape as Shape4;
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
  // The batch takes the place of the channels that are summed over.
  const images = transpose(lower, lower.as(x, 'nchw'), [1, 0, 2, 3]);
  const kernels = transpose(lower, lower.as(dy, 'nchw'), [1, 0, 2, 3]);
  const full = convolve(lower, 'nchw', images, kernels, {
    pads: pads(window),
    strides: window.dilations,
    dilations: window.strides,
  });
  const gradient = graph.node('Slice', [full, graph.ints([0, 0]), graph.ints([kh, kw]), graph.ints([2, 3])]);
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

/** The same over blocked images: one B×B product for each pair of blocks; [I, O]. */
function blockedProducts(lower: Lowering, x: Value, dy: Value, n: number, pixels: number): Value {
  const { graph, device } = lower;
  const b = device.block;
  const blocks = (value: Value): number => (knownShape(value.type.shape)[1] as number) / b;
  const [ib, ob] = [blocks(x), blocks(dy)];
  const each = graph.node(
    'com.microsoft.FusedMatMul',
    [lower.reshape(x, [n, ib, 1, pixels, b]), lower.reshape(dy, [n, 1, ob, pixels, b])],
    { transA: 1 },
  );
  const sum = graph.node('ReduceSum', [each, graph.ints([0])], { keepdims: 0 });
  return lower.reshape(transpose(lower, sum, [0, 2, 1, 3]), [ib * b, ob * b]);
}

function depthwise(lower: Lowering, x: Traced, filter: Traced, window: Window, bias?: Value): Traced {
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
function depthwiseInputGradient(
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
function depthwiseFilterGradient(
  lower: Lowering,
  x: Traced,
  dy: Traced,
  window: Window,
  filterShape: readonly number[],
): Traced {
  const { graph } = lower;
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
  const kernels = transpose(lower, lower.as(dy, 'nchw'), [1, 0, 2, 3]);
  const full = convolve(lower, 'nchw', images, kernels, {
    pads: pads(window),
    strides: window.dilations,
    dilations: window.strides,
    group: c,
  });
  const gradient = graph.node('Slice', [full, graph.ints([0, 0]), graph.ints([kh, kw]), graph.ints([2, 3])]);
  const ordered = transpose(lower, lower.reshape(gradient, [c, m, kh, kw]), [2, 3, 0, 1]);
  return lower.traced(ordered, 'plain', filterShape);
}

/**
 * Correlations of each channel of two blocked images, summed over the batch: [C/B, kh, kw, B]. A blocked depthwise
 * convolution over N·C channels whose *filter* is dy: no data moves, both are merely reshaped.
 */
export function blockedChannelProducts(lower: Lowering, x: Value, dy: Value, window: Window): Value {
  const { graph, device } = lower;
  const [n, c, h, w] = knownShape(x.type.shape) as unknown as Shape4;
  const [kh, kw] = window.kernel;
  const [oh, ow] = window.output;
  const full = convolve(
    lower,
    'blocked',
    lower.reshape(x, [1, n * c, h, w]),
    lower.reshape(dy, [n * c, 1, oh, ow]),
    { pads: pads(window), strides: window.dilations, dilations: window.strides, group: n * c },
  );
  const [, , fh, fw] = knownShape(full.type.shape) as unknown as Shape4;
  const blocks = lower.reshape(full, [n, c / device.block, fh, fw, device.block]);
  const sums = graph.node('ReduceSum', [blocks, graph.ints([0])], { keepdims: 0 });
  // Where the stride leaves rows over, the correlation has more taps than the filter.
  return fh === kh && fw === kw
    ? sums
    : graph.node('Slice', [sums, graph.ints([0, 0]), graph.ints([kh, kw]), graph.ints([1, 2])]);
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
