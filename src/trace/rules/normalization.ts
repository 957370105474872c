/**
 * Normalisation: tfjs's inference batch norm and LRN, and the per-channel primitives of `nn/channelwise.ts`, of
 * which batch norm in training and its gradient are made. Each primitive reads its images once.
 */

import type { Value } from '../../onnx/ir.ts';
import { knownShape, sizeOf } from '../../onnx/shapes.ts';
import { align } from '../align.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';
import { blockedConvolution } from './convolve.ts';
import { channelProducts } from './depthwise.ts';
import { reducePixels } from './reduction.ts';
import type { Window } from './window.ts';

const channelsOf = (x: Traced): number => x.shape[3] as number;

/** The sum [C] of each channel of a physical image over batch, rows and columns; no copy is made. */
function channelSum(lower: Lowering, x: Value, layout: Layout): Value {
  const [, c] = knownShape(x.type.shape) as [number, number];
  const image = layout === 'blocked' ? lower.toBlocks(x) : x;
  return lower.reshape(reducePixels(lower, 'ReduceSum', image), [c]);
}

const inDeviceLayout = (lower: Lowering, x: Traced): { image: Value; layout: Layout } => {
  const layout = lower.imageLayout(x.shape);
  return { image: lower.as(x, layout), layout };
};

/** A window that is one pixel at a time. */
const pointwise = (h: number, w: number): Window => ({
  kernel: [1, 1],
  strides: [1, 1],
  dilations: [1, 1],
  before: [0, 0],
  after: [0, 0],
  input: [h, w],
  output: [h, w],
  outShape: [0, h, w, 0],
});

/** The mean [C] of each channel of a physical image over batch, rows and columns. */
function channelMean(lower: Lowering, x: Value, layout: Layout): Value {
  const { graph } = lower;
  const [n, c, h, w] = knownShape(x.type.shape) as [number, number, number, number];
  if (layout !== 'blocked')
    return graph.node('Mul', [channelSum(lower, x, layout), graph.float(1 / (n * h * w))]);
  const means = graph.node('com.microsoft.nchwc.GlobalAveragePool', [x]);
  const sum = graph.node('ReduceSum', [lower.reshape(means, [n, c]), graph.ints([0])], { keepdims: 0 });
  return graph.node('Mul', [sum, graph.float(1 / n)]);
}

/** The sum [C] of each channel's products of two physical images. */
function productSum(lower: Lowering, x: Value, y: Value, layout: Layout): Value {
  if (layout !== 'blocked') return channelSum(lower, lower.graph.node('Mul', [x, y]), layout);
  const [, c, h, w] = knownShape(x.type.shape) as [number, number, number, number];
  return lower.reshape(channelProducts(lower, layout, x, y, pointwise(h, w)), [c]);
}

function channelDot(lower: Lowering, x: Traced, y: Traced): Traced {
  const { image, layout } = inDeviceLayout(lower, x);
  return lower.traced(productSum(lower, image, lower.as(y, layout), layout), 'plain', [channelsOf(x)]);
}

function channelMoments(lower: Lowering, x: Traced): Traced[] {
  const { graph } = lower;
  const { image, layout } = inDeviceLayout(lower, x);
  const c = channelsOf(x);
  const scale = graph.float(1 / (sizeOf(x.shape) / c));
  const mean = channelMean(lower, image, layout);
  // E[x²] − E[x]² saves a pass over memory. In single precision its relative error is some 10⁻⁷·(1 + mean²/variance), which
  // matters only where a mean is a hundred deviations or more; a network's own are of the order of one.
  // Not ReduceSumSquare, which onnxruntime computes element by element where channels lie innermost.
  const meanSquare = graph.node('Mul', [productSum(lower, image, image, layout), scale]);
  const difference = graph.node('Sub', [meanSquare, graph.node('Mul', [mean, mean])]);
  // Of pixels that hardly differ the rounding may leave less than nothing.
  const variance = graph.node('Max', [difference, graph.float(0)]);
  return [mean, variance].map((value) => lower.traced(value, 'plain', [c]));
}

/** x·scale + shift as one pass: a depthwise 1×1 convolution with bias; `sum`, a second image, is added for free. */
function blockedScaleShift(lower: Lowering, x: Value, scale: Value, shift: Value | null, sum?: Value): Value {
  const c = knownShape(x.type.shape)[1] as number;
  const inputs = [x, lower.reshape(scale, [c, 1, 1, 1]), shift, ...(sum ? [sum] : [])];
  return blockedConvolution(lower, shift || sum ? inputs : inputs.slice(0, 2), { group: c });
}

/** The vector [C] as it broadcasts over an nchw image. */
const overChannels = (lower: Lowering, vector: Value): Value =>
  lower.reshape(vector, [1, knownShape(vector.type.shape)[0] as number, 1, 1]);

function scaled(lower: Lowering, x: Value, scale: Value, addend?: Value): Value {
  const { graph } = lower;
  const product = graph.node('Mul', [x, overChannels(lower, scale)]);
  return addend ? graph.node('Add', [product, addend]) : product;
}

export const normalization = {
  ChannelDot: (lower, { x, y }) => channelDot(lower, x, y),
  ChannelMoments: (lower, { x }) => channelMoments(lower, x),
  ScaleShift: (lower, { x, scale, shift }) => {
    const { image, layout } = inDeviceLayout(lower, x);
    const [gain, offset] = [scale, shift].map((vector) => vector && lower.as(vector, 'plain')) as [
      Value,
      Value?,
    ];
    const y =
      layout === 'blocked'
        ? blockedScaleShift(lower, image, gain, offset ?? null)
        : scaled(lower, image, gain, offset && overChannels(lower, offset));
    return lower.traced(y, layout, x.shape);
  },
  ScaleShiftAdd: (lower, { x, scale, other, otherScale, shift }) => {
    const { image, layout } = inDeviceLayout(lower, x);
    const second = lower.as(other, layout);
    if (layout === 'blocked') {
      const sum = blockedScaleShift(lower, second, otherScale.value, null);
      return lower.traced(blockedScaleShift(lower, image, scale.value, shift.value, sum), layout, x.shape);
    }
    const inner = scaled(lower, second, otherScale.value, overChannels(lower, shift.value));
    return lower.traced(scaled(lower, image, scale.value, inner), layout, x.shape);
  },
  FusedBatchNorm: (lower, { x, mean, variance, offset, scale }, { varianceEpsilon }) => {
    const { graph } = lower;
    const c = channelsOf(x);
    const vectors = [scale, offset, mean, variance].map((v, i) =>
      v ? (v as Traced) : constantVector(lower, c, i === 0 ? 1 : 0),
    );
    if (vectors.every((v) => sizeOf(v.shape) === c)) {
      const inputs = [lower.as(x, 'nchw'), ...vectors.map((v) => lower.reshape(v.value, [c]))];
      const y = graph.node('BatchNormalization', inputs, { epsilon: { float: varianceEpsilon } });
      return lower.traced(y, 'nchw', x.shape);
    }
    // Statistics a pixel: written out.
    const { values, layout, finish } = align(lower, [x, ...vectors], x.shape);
    const [image, gain, shift, center, spread] = values as [Value, Value, Value, Value, Value];
    const deviation = graph.node('Sqrt', [graph.node('Add', [spread, graph.float(varianceEpsilon)])]);
    const normal = graph.node('Div', [graph.node('Sub', [image, center]), deviation]);
    const y = graph.node('Add', [graph.node('Mul', [normal, gain]), shift]);
    return lower.traced(finish(y), layout, x.shape);
  },
  LRN: (lower, { x }, { depthRadius, bias, alpha, beta }) => {
    const size = 2 * depthRadius + 1;
    // ONNX divides alpha by the window's size, tfjs does not.
    const y = lower.graph.node('LRN', [lower.as(x, 'nchw')], {
      size,
      bias: { float: bias },
      alpha: { float: alpha * size },
      beta: { float: beta },
    });
    return lower.traced(y, 'nchw', x.shape);
  },
} satisfies Partial<Rules>;

const constantVector = (lower: Lowering, size: number, value: number): Traced => ({
  value: lower.graph.constant(new Float32Array(size).fill(value), { dtype: 'float32', shape: [size] }),
  layout: 'plain',
  shape: [size],
  dtype: 'float32',
});
