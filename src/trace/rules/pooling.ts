/** Pools and their gradients. */
import type { Value } from '../../onnx/ir.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';
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
  return lower.graph.node(layout === 'blocked' ? `com.microsoft.nchwc.${op}` : op, [image], {
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

/**
 * The maximum's gradient without a scatter: dy goes to the first maximum of each window in row-major order, as in
 * tfjs and PyTorch. The maximum is separable: of each row, then over rows. Its gradient retraces it: dy goes to
 * the first tap equal to the maximum, taken off what later taps can still receive.
 */
function maxPoolGradient(lower: Lowering, dy: Traced, input: Traced, attributes: PoolAttributes): Traced {
  const { graph } = lower;
  const window = windowOf(input, attributes);
  const layout = lower.imageLayout(input.shape);
  const blocked = layout === 'blocked';
  const pixels = (x: Traced): Value => (blocked ? lower.toBlocks(lower.as(x, layout)) : lower.as(x, layout));

  const columns = axisWindow(window, 1);
  const rows = axisWindow(window, 0);
  const columnTaps = taps(lower, pixels(input), columns);
  const rowMaxima = graph.node('Max', columnTaps);
  const rowTaps = taps(lower, rowMaxima, rows);
  const maxima = graph.node('Max', rowTaps);
  const toRows = untap(lower, share(lower, rowTaps, maxima, pixels(dy)), rows);
  const toPixels = untap(lower, share(lower, columnTaps, rowMaxima, toRows), columns);
  const dx = blocked ? lower.fromBlocks(toPixels) : toPixels;
  return lower.traced(dx, layout, input.shape);
}

/** A window along one axis; physical axis 2 (rows) or 3 (columns), blocked or not. */
interface AxisWindow {
  readonly axis: number;
  readonly size: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly input: number;
  readonly output: number;
}

const axisWindow = (window: Window, axis: 0 | 1): AxisWindow => ({
  axis: 2 + axis,
  size: window.kernel[axis],
  stride: window.strides[axis],
  before: window.before[axis],
  after: window.after[axis],
  input: window.input[axis],
  output: window.output[axis],
});

const lowest = -3.4028234663852886e38;

/** One value a tap of the window: the pixels at offset k of every window along the axis. */
function taps(lower: Lowering, pixels: Value, w: AxisWindow): Value[] {
  const { graph } = lower;
  const padded = padAxis(lower, pixels, w.axis, w.before, w.after, lowest);
  return Array.from({ length: w.size }, (_, k) =>
    graph.node('Slice', [
      padded,
      graph.ints([k]),
      graph.ints([k + (w.output - 1) * w.stride + 1]),
      graph.ints([w.axis]),
      graph.ints([w.stride]),
    ]),
  );
}

/** Splits dy among the taps: all of it to the first tap that equals the maximum. */
function share(lower: Lowering, tapped: readonly Value[], maxima: Value, dy: Value): Value[] {
  const { graph } = lower;
  let rest = dy;
  return tapped.map((tap, k) => {
    if (k === tapped.length - 1) return rest;
    const mask = graph.node('Cast', [graph.node('Equal', [tap, maxima])], { to: 1 });
    const part = graph.node('Mul', [mask, rest]);
    rest = graph.node('Sub', [rest, part]);
    return part;
  });
}

/** The inverse of `taps` for gradients: every tap's part goes back to its pixel, parts of one pixel are added. */
function untap(lower: Lowering, parts: readonly Value[], w: AxisWindow): Value {
  const { graph } = lower;
  const placed = parts.map((part, k) => {
    const spread = spreadAxis(lower, part, w.axis, w.stride);
    const length = w.output * w.stride;
    const begin = k - w.before;
    const cropBefore = Math.max(-begin, 0);
    const cropAfter = Math.max(begin + length - w.input, 0);
    const kept =
      cropBefore > 0 || cropAfter > 0
        ? graph.node('Slice', [
            spread,
            graph.ints([cropBefore]),
            graph.ints([length - cropAfter]),
            graph.ints([w.axis]),
          ])
        : spread;
    return padAxis(lower, kept, w.axis, Math.max(begin, 0), Math.max(w.input - begin - length, 0), 0);
  });
  return placed.length === 1 ? (placed[0] as Value) : graph.node('Sum', placed);
}

function padAxis(
  lower: Lowering,
  x: Value,
  axis: number,
  before: number,
  after: number,
  fill: number,
): Value {
  if (before === 0 && after === 0) return x;
  const { graph } = lower;
  const rank = x.type.shape.length;
  const padding = Array<number>(2 * rank).fill(0);
  padding[axis] = before;
  padding[rank + axis] = after;
  return graph.node('Pad', [x, graph.ints(padding), graph.float(fill)]);
}

/** Zeros between the entries along one axis, `stride − 1` after each. */
function spreadAxis(lower: Lowering, x: Value, axis: number, stride: number): Value {
  if (stride === 1) return x;
  const shape = [...(x.type.shape as readonly number[])];
  const size = shape[axis] as number;
  const separate = lower.reshape(x, shape.toSpliced(axis + 1, 0, 1));
  const padded = padAxis(lower, separate, axis + 1, 0, stride - 1, 0);
  return lower.reshape(padded, shape.with(axis, size * stride));
}

export const pooling = {
  MaxPool: (lower, { x }, attributes) => pool(lower, 'MaxPool', x, attributes),
  AvgPool: (lower, { x }, attributes) => pool(lower, 'AveragePool', x, attributes),
  MaxPoolGrad: (lower, { dy, input }, attributes) => maxPoolGradient(lower, dy, input, attributes),
  AvgPoolGrad: (lower, { dy, input }, attributes) => averagePoolGradient(lower, dy, input, attributes),
  AveragePoolGradient: (lower, { dy, input }, attributes) =>
    averagePoolGradient(lower, dy, input, attributes),
} satisfies Partial<Rules>;
