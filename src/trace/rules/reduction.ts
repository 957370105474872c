/** Reductions over axes, positions of extremes, softmax. */
import type { Value } from '../../onnx/ir.ts';
import { tf } from '../../tfjs.ts';
import { cast, castValue, numbersOf } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { channelAxis, viewAlong, viewAs } from '../view.ts';
import { reshape } from './shape.ts';

type Operator = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';
type Axes = number | readonly number[];

/** The node; ReduceSum alone takes its axes as an input. */
const node = (lower: Lowering, op: Operator, x: Value, axes: readonly number[], keepdims: 0 | 1): Value =>
  op === 'ReduceSum'
    ? lower.graph.node(op, [x, lower.graph.ints(axes)], { keepdims })
    : lower.graph.node(op, [x], { axes, keepdims });

/**
 * A physical image, nchw or `toBlocks`, reduced to its channels: first within an image, where the pixels of a channel
 * (or block) are contiguous, then over the batch.
 */
export const reducePixels = (lower: Lowering, op: Operator, image: Value): Value =>
  node(lower, op, node(lower, op, image, [2, 3], 0), [0], 0);

/** The shape without the axes, or with 1 in their places. */
const reducedShape = (
  shape: readonly number[],
  axes: readonly number[],
  keepDims: boolean,
): readonly number[] =>
  keepDims
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));

/** A tensor reduced over axes, in the layout that it has. */
function reduce(
  lower: Lowering,
  op: Operator,
  x: Traced,
  axes: readonly number[],
  keepDims: boolean,
): Traced {
  if (axes.length === 0) return x;
  const shape = reducedShape(x.shape, axes, keepDims);
  const plainly = (value: Value): Traced =>
    lower.traced(lower.reshape(value, shape), 'plain', shape, x.dtype);
  // Of the whole the order does not matter.
  if (axes.length === x.shape.length) return plainly(node(lower, op, x.value, axes, 0));
  if (x.layout === 'plain') return plainly(node(lower, op, x.value, axes, keepDims ? 1 : 0));

  const image = viewAs(lower, x, x.layout);
  const overChannels = axes.includes(channelAxis);
  const overPixels = axes.includes(1) && axes.includes(2);
  if (overPixels && axes.includes(0)) return plainly(reducePixels(lower, op, image.value));
  const block = image.layout === 'blocked' && overChannels ? [4] : [];
  const physical = [...axes.flatMap((axis) => image.axes[axis] ?? []), ...block];
  // What is left is in tfjs's order unless it is pixels with channels.
  if (!keepDims && (overChannels || overPixels)) return plainly(node(lower, op, image.value, physical, 0));
  const reduced = node(lower, op, image.value, physical, 1);
  const kept = reducedShape(x.shape, axes, true);
  const [n, h, w] = kept as [number, number, number];
  const result = overChannels
    ? lower.traced(lower.reshape(reduced, [n, 1, h, w]), 'nchw', kept, x.dtype)
    : image.finish(reduced, kept);
  return keepDims ? result : reshape(lower, result, shape);
}

/** tfjs leaves the axes away where it means all of them, whatever its types say. */
const axesOf = (x: Traced, axis: Axes | null | undefined): number[] =>
  tf.util.parseAxisParam(typeof axis === 'object' && axis ? [...axis] : (axis as number), [...x.shape]);

const reduceNumbers = (lower: Lowering, op: Operator, x: Traced, axis: Axes, keepDims: boolean): Traced =>
  reduce(lower, op, numbersOf(lower, x), axesOf(x, axis), keepDims);

/** One of the elements: of the type that they have, bools too. */
const extreme = (lower: Lowering, op: Operator, x: Traced, axis: Axes, keepDims: boolean): Traced =>
  cast(lower, reduceNumbers(lower, op, x, axis, keepDims), x.dtype);

/** The mean, in float32. Over the pixels of an nchw image it is the pool that every runtime has. */
function mean(lower: Lowering, given: Traced, axis: Axes, keepDims: boolean): Traced {
  const { graph } = lower;
  const x = cast(lower, given, 'float32');
  const axes = axesOf(x, axis);
  const overPixels = axes.length === 2 && axes.includes(1) && axes.includes(2);
  if (x.layout !== 'nchw' || !overPixels) return reduce(lower, 'ReduceMean', x, axes, keepDims);
  const pooled = graph.node('GlobalAveragePool', [x.value]);
  const shape = reducedShape(x.shape, axes, keepDims);
  return keepDims
    ? lower.traced(pooled, 'nchw', shape)
    : lower.traced(graph.node('Flatten', [pooled], { axis: 1 }), 'plain', shape);
}

/** The position of an extreme along an axis; the first one where several are equal. */
function position(lower: Lowering, op: 'ArgMax' | 'ArgMin', given: Traced, along: number): Traced {
  const x = numbersOf(lower, given);
  const { value, axis, position: dimension, finish } = viewAlong(lower, x, along);
  const found = lower.device.int64
    ? lower.graph.node(op, [value], { axis: dimension, keepdims: 1 })
    : firstExtreme(lower, op, value, dimension);
  const kept = finish(castValue(lower, found, 'int32'), reducedShape(x.shape, [axis], true), 'int32');
  return reshape(lower, kept, reducedShape(x.shape, [axis], false));
}

/** The same in float32, where int64 would leave the device: the least position of those that equal the extreme. */
function firstExtreme(lower: Lowering, op: 'ArgMax' | 'ArgMin', x: Value, axis: number): Value {
  const { graph } = lower;
  const size = x.type.shape[axis] as number;
  const extremum = node(lower, op === 'ArgMax' ? 'ReduceMax' : 'ReduceMin', x, [axis], 1);
  const positions = graph.constant(
    Float32Array.from({ length: size }, (_, i) => i),
    {
      dtype: 'float32',
      shape: x.type.shape.map((_, other) => (other === axis ? size : 1)),
    },
  );
  // Where nothing equals it (NaN) the last one stands.
  const candidates = graph.node('Where', [
    graph.node('Equal', [x, extremum]),
    positions,
    graph.float(size - 1),
  ]);
  return node(lower, 'ReduceMin', candidates, [axis], 1);
}

/** A normalisation along an axis. */
function normalize(lower: Lowering, op: 'Softmax' | 'LogSoftmax', x: Traced, along: number): Traced {
  const { value, position: axis, finish } = viewAlong(lower, x, along);
  return finish(lower.graph.node(op, [value], { axis }), x.shape);
}

export const reduction = {
  All: (lower, { x }, { axis, keepDims }) => extreme(lower, 'ReduceMin', x, axis, keepDims),
  Any: (lower, { x }, { axis, keepDims }) => extreme(lower, 'ReduceMax', x, axis, keepDims),
  ArgMax: (lower, { x }, { axis }) => position(lower, 'ArgMax', x, axis),
  ArgMin: (lower, { x }, { axis }) => position(lower, 'ArgMin', x, axis),
  LogSoftmax: (lower, { logits }, { axis }) => normalize(lower, 'LogSoftmax', logits, axis),
  Max: (lower, { x }, { reductionIndices, keepDims }) =>
    extreme(lower, 'ReduceMax', x, reductionIndices, keepDims),
  Mean: (lower, { x }, { axis, keepDims }) => mean(lower, x, axis, keepDims),
  Min: (lower, { x }, { axis, keepDims }) => extreme(lower, 'ReduceMin', x, axis, keepDims),
  Prod: (lower, { x }, { axis, keepDims }) => reduceNumbers(lower, 'ReduceProd', x, axis, keepDims),
  Softmax: (lower, { logits }, { dim }) => normalize(lower, 'Softmax', logits, dim),
  Sum: (lower, { x }, { axis, keepDims }) => reduceNumbers(lower, 'ReduceSum', x, axis, keepDims),
} satisfies Partial<Rules>;
