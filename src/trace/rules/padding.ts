/** Kernels that pad tensors. */
import type { Value } from '../../onnx/ir.ts';
import { scalar } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { shifted } from '../phases.ts';
import type { Traced } from '../traced.ts';
import { channelAxis, singly, view } from '../view.ts';
import { concat } from './joining.ts';
import { cutAxis } from './slicing.ts';

/** How many elements come before and after those of each axis. */
export type Paddings = readonly (readonly [before: number, after: number])[];

const paddedShape = ({ shape }: Traced, paddings: Paddings): number[] =>
  shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));

/** One row and one column in front, and no more than that. */
const isShift = (paddings: Paddings): boolean =>
  paddings.length === 4 &&
  paddings.every(([before, after], axis) => after === 0 && before === (axis === 1 || axis === 2 ? 1 : 0));

/** One Pad. `channels` as in `view`. */
function padNode(
  lower: Lowering,
  x: Traced,
  paddings: Paddings,
  channels: readonly number[],
  node: (value: Value, counts: Value) => Value,
): Traced {
  const { value, grain, order, finish } = view(lower, x, channels);
  const before = paddings.map(([count], axis) => count / (grain[axis] as number));
  const after = paddings.map(([, count], axis) => count / (grain[axis] as number));
  return finish(
    node(value, lower.graph.ints([...order(before, 0), ...order(after, 0)])),
    paddedShape(x, paddings),
  );
}

/** A tensor with one number around it. */
export const pad = (lower: Lowering, x: Traced, paddings: Paddings, fill = 0): Traced =>
  padNode(lower, x, paddings, paddings[channelAxis] ?? [], (value, counts) =>
    lower.graph.node('Pad', [value, counts, ...(fill === 0 ? [] : [scalar(lower, fill, x.dtype)])]),
  );

/** A tensor with its mirror images around it, in which the outermost elements do not come again. */
const reflect = (lower: Lowering, x: Traced, paddings: Paddings): Traced =>
  padNode(
    lower,
    x,
    paddings,
    paddings[channelAxis]?.some((count) => count > 0) ? singly : [],
    (value, counts) => lower.graph.node('Pad', [value, counts], { mode: 'reflect' }),
  );

/** `count` elements of one axis, from the one at `begin` backwards; none as no tensor. */
const backwards = (lower: Lowering, x: Traced, axis: number, begin: number, count: number): Traced[] =>
  count === 0 ? [] : [cutAxis(lower, x, axis, { begin, end: begin - count, stride: -1 })];

/** A tensor with its mirror images around it, in which the outermost elements come again; ONNX's Pad has no such mode. */
const mirror = (lower: Lowering, x: Traced, paddings: Paddings): Traced =>
  paddings.reduce((inner, [before, after], axis) => {
    const last = (inner.shape[axis] as number) - 1;
    const first = backwards(lower, inner, axis, before - 1, before);
    return concat(lower, [...first, inner, ...backwards(lower, inner, axis, last, after)], axis);
  }, x);

export const padding = {
  MirrorPad: (lower, { x }, { paddings, mode }) =>
    (mode === 'reflect' ? reflect : mirror)(lower, x, paddings),
  PadV2: (lower, { x }, { paddings, constantValue }) =>
    (isShift(paddings) && constantValue === 0 && shifted(lower, x, paddedShape(x, paddings))) ||
    pad(lower, x, paddings, constantValue),
} satisfies Partial<Rules>;
