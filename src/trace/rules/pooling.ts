/** Pools and their gradients. */

import type { Value } from '../../onnx/ir.ts';
import { knownShape } from '../../onnx/shapes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';
import {
  applyCrop,
  gradientPads,
  insertZeros,
  pads,
  poolingWindow,
  type Window,
  type WindowAttributes,
} from './window.ts';

type PoolAttributes = WindowAttributes & { readonly filterSize: [number, number] | number };

const windowOf = (x: Traced, attributes: PoolAttributes): Window =>
  poolingWindow(x.shape, attributes.filterSize, attributes);

function pool(lower: Lowering, op: 'MaxPool' | 'AveragePool', x: Traced, attributes: PoolAttributes): Traced {
  const window = windowOf(x, attributes);
  const layout = lower.imageLayout(window.outShape);
  const y = poolImage(lower, op, lower.as(x, layout), layout, window, pads(window));
  return lower.traced(y, layout, window.outShape);
}

/**
 * The image, padded in three dimensions if it is a padded one. onnxruntime (1.30, PadFusion) would make a Pad of
 * [N, C, H, W] part of the pool: zeros that a maximum then ignores, or more of them than it lets a pool have.
 */
function apartFromPad(lower: Lowering, image: Value): Value {
  const { source } = image;
  if (source.kind !== 'node' || source.node.op !== 'Pad' || source.node.attributes.mode) return image;
  const [unpadded, counts, ...fill] = source.node.inputs as [Value, Value, ...Value[]];
  const padding = counts.source.kind === 'constant' ? Array.from(counts.source.data, Number) : [];
  const [n = 0, c = 0, top = 0, left = 0, nAfter = 0, cAfter = 0, bottom = 0, right = 0] = padding;
  if (n + c + nAfter + cAfter > 0) return image;
  const [batch, channels, height, width] = knownShape(unpadded.type.shape) as [
    number,
    number,
    number,
    number,
  ];
  const planes = lower.reshape(unpadded, [batch * channels, height, width]);
  const ends = lower.graph.ints([0, top, left, 0, bottom, right]);
  return lower.reshape(lower.graph.node('Pad', [planes, ends, ...fill]), knownShape(image.type.shape));
}

function poolImage(
  lower: Lowering,
  op: 'MaxPool' | 'AveragePool',
  image: Value,
  layout: Layout,
  window: Pick<Window, 'kernel' | 'strides'>,
  padding: readonly number[],
  extra: { count_include_pad?: number } = {},
): Value {
  const isSingle = [...window.kernel, ...window.strides].every((size) => size === 1);
  if (isSingle && padding.every((p) => p === 0)) return image;
  const pixels = layout === 'blocked' ? image : apartFromPad(lower, image);
  return lower.graph.node(layout === 'blocked' ? `com.microsoft.nchwc.${op}` : op, [pixels], {
    kernel_shape: window.kernel,
    strides: window.strides,
    pads: padding,
    ...extra,
  });
}

/**
 * The average's gradient: each output gives dy/count to the pixels of its window. Scaled by area/count this is an
 * average pool, with stride 1, of dy spread over the strides.
 */
function averagePoolGradient(lower: Lowering, dy: Traced, input: Traced, attributes: PoolAttributes): Traced {
  const window = windowOf(input, attributes);
  const layout = lower.imageLayout(input.shape);
  const [oh, ow] = window.output;
  const scale = areaOverCount(window);
  const image = lower.as(dy, layout);
  const scaled = scale.every((s) => s === 1) ? image : scalePixels(lower, image, layout, scale, oh, ow);
  const spread = insertZeros(lower, scaled, layout, window.strides);
  const cropped = applyCrop(lower, spread, layout, gradientPads(window));
  const small = { kernel: window.kernel, strides: [1, 1] as const };
  const dx = poolImage(lower, 'AveragePool', cropped.image, layout, small, cropped.padding, {
    count_include_pad: 1,
  });
  return lower.traced(dx, layout, input.shape);
}

/** image · scale, one factor a pixel. */
function scalePixels(
  lower: Lowering,
  image: Value,
  layout: Layout,
  scale: Float32Array,
  height: number,
  width: number,
): Value {
  const { graph } = lower;
  const shape = layout === 'blocked' ? [1, 1, height, width, 1] : [1, 1, height, width];
  const factors = graph.constant(scale, { dtype: 'float32', shape });
  const pixels = layout === 'blocked' ? lower.toBlocks(image) : image;
  const scaled = graph.node('Mul', [pixels, factors]);
  return layout === 'blocked' ? lower.fromBlocks(scaled) : scaled;
}

/** For each output pixel: the window's area over the number of its pixels that lie inside the image. */
function areaOverCount(window: Window): Float32Array {
  const inside = (axis: 0 | 1): number[] =>
    Array.from({ length: window.output[axis] }, (_, i) => {
      const begin = i * window.strides[axis] - window.before[axis];
      return Math.min(begin + window.kernel[axis], window.input[axis]) - Math.max(begin, 0);
    });
  const area = window.kernel[0] * window.kernel[1];
  const [rows, columns] = [inside(0), inside(1)];
  return Float32Array.from(rows.flatMap((r) => columns.map((c) => area / (r * c))));
}

export const pooling = {
  MaxPool: (lower, { x }, attributes) => pool(lower, 'MaxPool', x, attributes),
  AvgPool: (lower, { x }, attributes) => pool(lower, 'AveragePool', x, attributes),
  MaxPoolGrad: (lower, { dy, input }, attributes) =>
    maxPoolGradient(lower, dy, input, windowOf(input, attributes)),
  AvgPoolGrad: (lower, { dy, input }, attributes) => averagePoolGradient(lower, dy, input, attributes),
  AveragePoolGradient: (lower, { dy, input }, attributes) =>
    averagePoolGradient(lower, dy, input, attributes),
} satisfies Partial<Rules>;
