/** Filters of convolutions: tfjs's order as the ONNX operators of each layout read it. */

import { beforeFirst } from '../../onnx/build.ts';
import type { Value } from '../../onnx/ir.ts';
import { knownShape, type Shape4 } from '../../onnx/shapes.ts';
import type { Lowering } from '../lowering.ts';
import type { Layout, Traced } from '../traced.ts';

export const transpose = (lower: Lowering, x: Value, perm: readonly number[]): Value =>
  lower.graph.node('Transpose', [x], { perm });

/**
 * The filter [kh, kw, I, O] as ONNX's [O, I, kh, kw]. For the blocked convolution the memory order is that of
 * [O/B, I/B, kh, kw, B(i), B(o)], or of [O/B, I, kh, kw, B(o)] when the image itself is nchw.
 */
export function filterFor(lower: Lowering, w: Traced, image: Layout, result: Layout): Value {
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
export function depthwiseFilterFor(lower: Lowering, w: Value, layout: Layout): Value {
  const [kh, kw, c, m] = knownShape(w.type.shape) as Shape4;
  const b = lower.device.block;
  const ordered =
    layout === 'blocked'
      ? transpose(lower, lower.reshape(w, [kh, kw, c / b, b]), [2, 0, 1, 3])
      : transpose(lower, w, [2, 3, 0, 1]);
  return lower.reshape(ordered, [c * m, 1, kh, kw]);
}

/** Taps of a filter along one of its axes, from the last one backwards in steps. */
export interface Taps {
  readonly last: number;
  readonly count: number;
  readonly step: number;
}

/** Taps of a filter [kh, kw, …], the last ones first. */
export function tapsOf(lower: Lowering, filter: Value, axes: readonly Taps[]): Value {
  const { graph } = lower;
  const isAll = axes.every(
    ({ last, count }, axis) => last === 0 && count === 1 && filter.type.shape[axis] === 1,
  );
  if (isAll) return filter;
  const ends = axes.map(({ last, count, step }) => last - count * step);
  return graph.node('Slice', [
    filter,
    graph.ints(axes.map(({ last }) => last)),
    graph.ints(ends.map((end) => (end < 0 ? beforeFirst : end))),
    graph.ints([0, 1]),
    graph.ints(axes.map(({ step }) => -step)),
  ]);
}

/** The filter turned by 180°. */
export function flip(lower: Lowering, filter: Value): Value {
  const [kh, kw] = knownShape(filter.type.shape) as Shape4;
  return tapsOf(
    lower,
    filter,
    [kh, kw].map((count) => ({ last: count - 1, count, step: 1 })),
  );
}
