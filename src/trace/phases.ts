/**
 * The gradient of an image that was read in strides of 2, kept apart by the parity of its rows and columns. What reads
 * an image in such strides sends each pixel's gradient from its own phase: the four are convolutions of the small image
 * dy, each with those taps of the filter that meet its parity, where spreading dy over zeros first would compute (and
 * write) four times as much.
 *
 *     dx[2j + p] = Σₜ w[t]·dy[j + (p + P − t·d)/2]   over the taps t for which p + P − t·d is even
 *
 * (one axis; P the padding in front, d the dilation). Several such gradients of one image, as of all candidates that
 * leave a state, are added phase by phase; only their sum is ever put together (`Traced.phases`).
 */

import type { Value } from '../onnx/ir.ts';
import { knownShape, sameShape } from '../onnx/shapes.ts';
import type { Lowering } from './lowering.ts';
import { filled } from './rules/creation.ts';
import { type Taps, tapsOf } from './rules/filters.ts';
import { applyCrop, type Window } from './rules/window.ts';
import type { Layout, Traced } from './traced.ts';

/** Rows and columns of parity (0, 0), (0, 1), (1, 0), (1, 1): blocked [N, C, ⌈H/2⌉, ⌈W/2⌉] each; absent where all are 0. */
export interface Phases {
  readonly parts: readonly (Value | undefined)[];
  /** What is added to the image besides: blocked [N, C, H, W]. */
  readonly rest?: Value;
}

const parities = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

/** Rows, or columns, of each phase. Of an odd size the last one of the odd phases lies outside the image. */
const phaseSize = (size: number): number => Math.ceil(size / 2);

/** What one axis of a strided window does to one phase: a stride-1 window over dy, of the taps in descending order. */
interface PhaseWindow extends Taps {
  /** The distance of neighbouring taps over dy. */
  readonly dilation: number;
  /** Padding (negative: cropping) of dy. */
  readonly before: number;
  readonly after: number;
}

/** The taps that meet a parity; undefined where none does. */
function phaseWindow(window: Window, axis: 0 | 1, parity: 0 | 1): PhaseWindow | undefined {
  const [kernel, dilation, before] = [window.kernel[axis], window.dilations[axis], window.before[axis]];
  const taps = Array.from({ length: kernel }, (_, t) => t).filter(
    (t) => (parity + before - t * dilation) % 2 === 0,
  );
  const [first, last] = [taps[0], taps.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const step = dilation % 2 === 0 ? 1 : 2;
  const offset = (t: number): number => (parity + before - t * dilation) / 2;
  return {
    last,
    count: taps.length,
    step,
    dilation: (step * dilation) / 2,
    before: -offset(last),
    after: phaseSize(window.input[axis]) + offset(first) - window.output[axis],
  };
}

/** Whether a gradient is made of phases: strides of 2, in blocks. */
export const hasPhases = ({ strides }: Window, layout: Layout): boolean =>
  layout === 'blocked' && strides.every((stride) => stride === 2);

/**
 * The input gradient of a window of strides 2.
 *
 * @param dy blocked
 * @param filter plain [kh, kw, …]
 * @param convolution of an image with the filter's taps that meet a phase, [count, count, …]
 */
export function phasedInputGradient(
  lower: Lowering,
  dy: Value,
  filter: Value,
  window: Window,
  inputShape: readonly number[],
  convolution: (image: Value, taps: Value, options: { pads: number[]; dilations: number[] }) => Value,
): Traced {
  const parts = parities.map(([row, column]) => {
    const [y, x] = [phaseWindow(window, 0, row), phaseWindow(window, 1, column)];
    if (!y || !x) return undefined;
    const { image, padding } = applyCrop(lower, dy, 'blocked', [y.before, x.before, y.after, x.after]);
    return convolution(image, tapsOf(lower, filter, [y, x]), {
      pads: padding,
      dilations: [y.dilation, x.dilation],
    });
  });
  return phased(lower, { parts }, inputShape);
}

/** A traced image of these phases. It is put together where its value is asked for, once. */
function phased(lower: Lowering, phases: Phases, shape: readonly number[]): Traced {
  let value: Value | undefined;
  return {
    get value() {
      value ??= together(lower, phases, shape);
      return value;
    },
    layout: 'blocked',
    shape,
    dtype: 'float32',
    phases,
  };
}

/** a + b where one of them is in phases; undefined where neither is, or they have different shapes. */
export function addPhases(lower: Lowering, a: Traced, b: Traced): Traced | undefined {
  if ((!a.phases && !b.phases) || !sameShape(a.shape, b.shape) || a.dtype !== b.dtype) return undefined;
  const [x, y] = [a, b].map((term) => term.phases ?? { parts: [], rest: lower.as(term, 'blocked') }) as [
    Phases,
    Phases,
  ];
  const add = (u?: Value, v?: Value): Value | undefined =>
    u && v ? lower.graph.node('Add', [u, v]) : (u ?? v);
  const rest = add(x.rest, y.rest);
  const parts = parities.map((_, i) => add(x.parts[i], y.parts[i]));
  return phased(lower, { parts, ...(rest && { rest }) }, a.shape);
}

/**
 * The phases with a row and a column of zeros in front: where the only one is the first, it becomes the last.
 * Undefined where there are others, or the larger image has more rows or columns in each phase.
 */
export function shifted(lower: Lowering, x: Traced, shape: readonly number[]): Traced | undefined {
  const [first, ...others] = x.phases?.parts ?? [];
  if (!first || x.phases?.rest || others.some((part) => part !== undefined)) return undefined;
  const grows = [1, 2].some((axis) => phaseSize(shape[axis] as number) > phaseSize(x.shape[axis] as number));
  return grows ? undefined : phased(lower, { parts: [undefined, undefined, undefined, first] }, shape);
}

/** The phases of an image without its last row or column, if its size was even: they are then beyond it. */
export const cropped = (lower: Lowering, { phases }: Traced, shape: readonly number[]): Traced | undefined =>
  phases && !phases.rest ? phased(lower, phases, shape) : undefined;

function together(lower: Lowering, { parts, rest }: Phases, shape: readonly number[]): Value {
  const { graph, device } = lower;
  const [, height, width] = shape as [number, number, number, number];
  const some = parts.find((part) => part !== undefined) as Value;
  const [n, c, h, w] = knownShape(some.type.shape) as [number, number, number, number];
  const rows = (n * c * h) / device.block;
  const join = (values: readonly Value[], inner: readonly number[]): Value =>
    graph.node(
      'Concat',
      values.map((value) => lower.reshape(value, [rows, ...inner])),
      { axis: inner.length - 1 },
    );
  const nothing = filled(lower, [n, h, w, c], 0, 'float32');
  const known = parities.map((_, i) => parts[i] ?? lower.as(nothing, 'blocked'));
  const [even, odd] = [0, 2].map((i) => join(known.slice(i, i + 2), [w, 1, device.block])) as [Value, Value];
  const whole = lower.reshape(join([even, odd], [1, 2 * w * device.block]), [n, c, 2 * h, 2 * w]);
  const { image: all } = applyCrop(lower, whole, 'blocked', [0, 0, height - 2 * h, width - 2 * w]);
  return rest ? graph.node('Add', [all, rest]) : all;
}
