/**
 * The maximum's gradient without a scatter: dy goes to the first maximum of each window in row-major order, as in
 * tfjs and PyTorch. The maximum is separable: of each row, then over rows. Its gradient retraces it: dy goes to
 * the first tap equal to the maximum, taken off what later taps can still receive.
 */
import { float32Max } from '../../onnx/data-types.ts';
import type { Value } from '../../onnx/ir.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { blockedMaxPoolGradient, isCentred } from './blocked-max-pool-gradient.ts';
import type { Window } from './window.ts';

/** ∂/∂x of a max pool over the window: [N, H, W, C] from dy [N, h, w, C]. */
export function maxPoolGradient(lower: Lowering, dy: Traced, input: Traced, window: Window): Traced {
  const { graph } = lower;
  const layout = lower.imageLayout(input.shape);
  if (layout === 'blocked' && isCentred(window)) return blockedMaxPoolGradient(lower, dy, input, window);
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

const lowest = -float32Max;

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

/** αx + 1 within [0, 1], with so large an α: 1 where x = 0, 0 where it is less. */
const steep = { alpha: { float: float32Max }, beta: { float: 1 } };

/** 1 where a tap is the maximum, else 0; without bools where the device cannot move them. */
const equality = ({ graph, device }: Lowering, tap: Value, maxima: Value): Value =>
  device.movesBools
    ? graph.node('Cast', [graph.node('Equal', [tap, maxima])], { to: 1 })
    : graph.node('HardSigmoid', [graph.node('Sub', [tap, maxima])], steep);

/** Splits dy among the taps: all of it to the first tap that equals the maximum. */
function share(lower: Lowering, tapped: readonly Value[], maxima: Value, dy: Value): Value[] {
  const { graph } = lower;
  let rest = dy;
  return tapped.map((tap, k) => {
    if (k === tapped.length - 1) return rest;
    const mask = equality(lower, tap, maxima);
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
  return placed.reduce((sum, part) => graph.node('Add', [sum, part]));
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
