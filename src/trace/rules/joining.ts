/** Kernels that join tensors along an axis and take them apart. */
import { sizeOf } from '../../onnx/shapes.ts';
import { tf } from '../../tfjs.ts';
import { richestLayout } from '../align.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { type Traced, tensorInfo } from '../traced.ts';
import { addressable, channelAxis, type View, view, viewAs } from '../view.ts';
import { reshape } from './shape.ts';
import { cutAxis } from './slicing.ts';

const axisOf = (x: Traced, axis: number): number => tf.util.parseAxisParam(axis, [...x.shape])[0] as number;

const sumOf = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);

/** Tensors joined, in the richest layout that one of them has and that the channel counts allow. */
export function concat(lower: Lowering, given: readonly Traced[], along: number): Traced {
  const filled = given.filter((x) => sizeOf(x.shape) > 0);
  const parts = filled.length > 0 ? filled : given;
  const [first] = parts as [Traced];
  if (parts.length === 1) return first;
  const axis = axisOf(first, along);
  const sizes = parts.map((x) => x.shape[axis] as number);
  const layout = addressable(lower, richestLayout(parts), axis === channelAxis ? sizes : []);
  const views = parts.map((x) => viewAs(lower, x, layout));
  const [{ axes, finish }] = views as [View];
  const values = views.map(({ value }) => value);
  return finish(
    lower.graph.node('Concat', values, { axis: axes[axis] as number }),
    first.shape.with(axis, sumOf(sizes)),
  );
}

/** The consecutive parts, of the given sizes, of a viewed tensor. */
function parts(
  lower: Lowering,
  { value, axes, grain, finish }: View,
  shape: readonly number[],
  axis: number,
  sizes: readonly number[],
): Traced[] {
  const counts = lower.graph.ints(sizes.map((size) => size / (grain[axis] ?? 1)));
  return lower.graph
    .nodes('Split', [value, counts], { axis: axes[axis] as number }, sizes.length)
    .map((part, index) => finish(part, shape.with(axis, sizes[index] as number)));
}

function split(lower: Lowering, x: Traced, sizesOrCount: number[] | number, along: number): Traced[] {
  const axis = axisOf(x, along);
  const sizes = tf.backend_util.prepareSplitSize(tensorInfo(x), sizesOrCount, axis);
  if (x.narrow) {
    // Parts of what is broadcast, so that it need not be.
    return sizes.map((size, index) => {
      const begin = sumOf(sizes.slice(0, index));
      return cutAxis(lower, x, axis, { begin, end: begin + size, stride: 1 });
    });
  }
  return parts(lower, view(lower, x, axis === channelAxis ? sizes : []), x.shape, axis, sizes);
}

/** The tensors that lie along one axis, without it. They are no images, so the whole is made plain at once. */
function unpack(lower: Lowering, x: Traced, along: number): Traced[] {
  const axis = axisOf(x, along);
  const sizes = Array<number>(x.shape[axis] as number).fill(1);
  return parts(lower, viewAs(lower, x, 'plain'), x.shape, axis, sizes).map((part) =>
    reshape(lower, part, x.shape.toSpliced(axis, 1)),
  );
}

function pack(lower: Lowering, tensors: readonly Traced[], along: number): Traced {
  const axis = along < 0 ? along + (tensors[0] as Traced).shape.length + 1 : along;
  const expanded = tensors.map((x) => reshape(lower, x, x.shape.toSpliced(axis, 0, 1)));
  return concat(lower, expanded, axis);
}

export const joining = {
  Concat: (lower, tensors, { axis }) => concat(lower, tensors, axis),
  Pack: (lower, tensors, { axis }) => pack(lower, tensors, axis),
  SplitV: (lower, { x }, { numOrSizeSplits, axis }) => split(lower, x, numOrSizeSplits, axis),
  Unpack: (lower, { value }, { axis }) => unpack(lower, value, axis),
} satisfies Partial<Rules>;
