/** What `Slice` (ONNX, since 10) cuts out, axis by axis: shared by shape inference and the passes. */

import { ensure, resolveAxes } from './shapes.ts';

/** The elements start, start + step, … of one axis; `count` of them. */
export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

function sliceRange(size: number, start: number, end: number, step: number): SliceRange {
  ensure(step !== 0, () => 'a step is 0');
  const fromBegin = (value: number): number => (value < 0 ? value + size : value);
  // Going backwards the first element is at most the last one, and the end may lie before the first one.
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = clamp(fromBegin(start), Math.max(low, 0), high);
  const last = clamp(fromBegin(end), low, high);
  return { start: first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** The range on every axis of a tensor; axes that are not named are kept whole. */
export function sliceRanges(
  shape: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = [...starts.keys()],
  steps: readonly number[] = starts.map(() => 1),
): readonly SliceRange[] {
  ensure(
    [ends, axes, steps].every((values) => values.length === starts.length),
    () => {
      return `starts [${starts}], ends [${ends}], axes [${axes}] and steps [${steps}] differ in length`;
    },
  );
  const ranges: SliceRange[] = shape.map((size) => ({ start: 0, step: 1, count: size }));
  resolveAxes(axes, shape.length).forEach((axis, index) => {
    ranges[axis] = sliceRange(shape[axis] ?? 0, starts[index] ?? 0, ends[index] ?? 0, steps[index] ?? 1);
  });
  return ranges;
}
