/** Kernels that cut tensors along their axes. */
import type { SliceAttrs, StridedSliceAttrs } from '@tensorflow/tfjs';
import { beforeFirst } from '../../onnx/build.ts';
import { tf } from '../../tfjs.ts';
import { broadcast } from '../broadcast.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { cropped } from '../phases.ts';
import { type Traced, tensorInfo } from '../traced.ts';
import { channelAxis, singly, view } from '../view.ts';
import { reshape } from './shape.ts';

/** The elements begin, begin + stride, … of an axis, up to `end`, exclusive; backwards down to −1, exclusive. */
export interface Range {
  readonly begin: number;
  readonly end: number;
  readonly stride: number;
}

const isWhole = ({ begin, end, stride }: Range, size: number | undefined): boolean =>
  begin === 0 && end === size && stride === 1;

const isPixelAxis = (axis: number): boolean => axis === 1 || axis === 2;

const whole = (size: number): Range => ({ begin: 0, end: size, stride: 1 });

/** What a range that goes backwards covers, forwards; all of the axis for another one. */
function spanOf({ begin, end, stride }: Range, size: number): Range {
  if (stride > 0) return whole(size);
  const count = Math.max(0, Math.ceil((end - begin) / stride));
  return { begin: begin + stride * (count - 1), end: begin + 1, stride: 1 };
}

/** One range an axis of a tensor. Whole axes are not named in the graph, so that an open batch stays open. */
function cut(lower: Lowering, x: Traced, ranges: readonly Range[]): Traced {
  const { graph } = lower;
  const shape = ranges.map(({ begin, end, stride }) => Math.max(0, Math.ceil((end - begin) / stride)));
  if (x.narrow) return broadcast(lower, cutNarrow(lower, x.narrow, ranges), shape);
  const touched = ranges.flatMap((range, axis) =>
    isWhole(range, x.shape[axis]) ? [] : [{ ...range, axis }],
  );
  if (touched.length === 0) return x;
  const crops = touched.every(({ axis, begin, stride }) => isPixelAxis(axis) && begin === 0 && stride === 1);
  const isLast = touched.every(({ axis, end }) => end % 2 === 1 && end === (x.shape[axis] as number) - 1);
  const phased = crops && isLast && cropped(lower, x, shape);
  if (phased) return phased;
  const inner = ranges.map((range, axis) => spanOf(range, x.shape[axis] as number));
  if (!lower.device.partialReversal && inner.some((span, axis) => !isWhole(span, x.shape[axis]))) {
    const turned = ranges.map(({ begin, end, stride }, axis) =>
      stride > 0 ? { begin, end, stride } : { begin: begin - (inner[axis] as Range).begin, end: -1, stride },
    );
    return cut(lower, cut(lower, x, inner), turned);
  }
  const channels = touched.flatMap(({ axis, begin, end, stride }) =>
    axis === channelAxis ? [begin, end, ...(stride === 1 ? [] : singly)] : [],
  );
  const { value, axes, grain, finish } = view(lower, x, channels);
  const steps = touched.every(({ stride }) => stride === 1)
    ? []
    : [graph.ints(touched.map(({ stride }) => stride))];
  const sliced = graph.node('Slice', [
    value,
    graph.ints(touched.map(({ begin, axis }) => begin / (grain[axis] as number))),
    graph.ints(touched.map(({ end, axis }) => (end < 0 ? beforeFirst : end / (grain[axis] as number)))),
    graph.ints(touched.map(({ axis }) => axes[axis] as number)),
    ...steps,
  ]);
  return finish(sliced, shape);
}

/** What a broadcast tensor is made of, cut where it is not repeated. */
function cutNarrow(lower: Lowering, narrow: Traced, ranges: readonly Range[]): Traced {
  const own = ranges.slice(ranges.length - narrow.shape.length);
  const kept = own.map((range, axis) => (narrow.shape[axis] === 1 ? whole(1) : range));
  return cut(lower, narrow, kept);
}

/** One range of one axis. */
export const cutAxis = (lower: Lowering, x: Traced, axis: number, range: Range): Traced =>
  cut(
    lower,
    x,
    x.shape.map((size, other) => (other === axis ? range : whole(size))),
  );

/** A tensor from `begin` on, `size` elements of each axis; tfjs allows shorter lists than the tensor has axes. */
export function slice(lower: Lowering, x: Traced, attributes: SliceAttrs): Traced {
  const parsed = tf.slice_util.parseSliceParams(tensorInfo(x), attributes.begin, attributes.size);
  const [begin, size] = parsed as [number[], number[]];
  const ranges = begin.map((first, axis) => ({
    begin: first,
    end: first + (size[axis] as number),
    stride: 1,
  }));
  return cut(lower, x, ranges);
}

function stridedSlice(lower: Lowering, x: Traced, attributes: StridedSliceAttrs): Traced {
  const { begin, end, strides, finalShape } = tf.slice_util.sliceInfo(
    [...x.shape],
    attributes.begin,
    attributes.end,
    attributes.strides,
    attributes.beginMask,
    attributes.endMask,
    attributes.ellipsisMask,
    attributes.newAxisMask,
    attributes.shrinkAxisMask,
  );
  const ranges = begin.map((first, axis) => ({
    begin: first,
    end: end[axis] as number,
    stride: strides[axis] as number,
  }));
  return reshape(lower, cut(lower, x, ranges), finalShape);
}

/** A tensor backwards along some axes. */
export function reverse(lower: Lowering, x: Traced, axes: readonly number[]): Traced {
  const ranges = x.shape.map((size, axis) =>
    axes.includes(axis) ? { begin: size - 1, end: -1, stride: -1 } : whole(size),
  );
  return cut(lower, x, ranges);
}

export const slicing = {
  Reverse: (lower, { x }, { dims }) => reverse(lower, x, tf.util.parseAxisParam(dims, [...x.shape])),
  Slice: (lower, { x }, attributes) => slice(lower, x, attributes),
  StridedSlice: (lower, { x }, attributes) => stridedSlice(lower, x, attributes),
} satisfies Partial<Rules>;
