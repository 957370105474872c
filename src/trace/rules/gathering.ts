/** Kernels that read and write at positions that are data. */

import type { Value } from '../../onnx/ir.ts';
import { sizeOf } from '../../onnx/shapes.ts';
import { scalar, toInt64 } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { viewAlong } from '../view.ts';

/** Slices of x along an axis, by index. */
export function gather(
  lower: Lowering,
  x: Traced,
  indices: Traced,
  along: number,
  batchDims: number,
): Traced {
  const { graph } = lower;
  const { value, axis, position, finish } = viewAlong(lower, x, along);
  if (batchDims > 0) return gatherInBatches(lower, x, indices, axis, batchDims);
  const positions = lower.as(indices, 'plain');
  const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
  if (indices.shape.length === 1) {
    return finish(graph.node('Gather', [value, positions], { axis: position }), shape);
  }
  const gathered = graph.node('Gather', [lower.as(x, 'plain'), positions], { axis });
  return lower.traced(gathered, 'plain', shape, x.dtype);
}

/** [a, b, c, d] → [a, c, b, d] */
function exchangeInner(lower: Lowering, value: Value): Value {
  const [a, b, c, d] = value.type.shape as [number, number, number, number];
  const moves = b > 1 && c > 1;
  return moves
    ? lower.graph.node('Transpose', [value], { perm: [0, 2, 1, 3] })
    : lower.reshape(value, [a, c, b, d]);
}

/** The first dimensions of x and indices are the same; each batch is indexed by its own indices. */
function gatherInBatches(
  lower: Lowering,
  x: Traced,
  indices: Traced,
  axis: number,
  batchDims: number,
): Traced {
  const { graph } = lower;
  const [batch, outer, inner] = [
    x.shape.slice(0, batchDims),
    x.shape.slice(batchDims, axis),
    x.shape.slice(axis + 1),
  ];
  const own = indices.shape.slice(batchDims);
  const batches = sizeOf(batch);
  const rows = [batches, sizeOf(outer), x.shape[axis] as number, sizeOf(inner)];
  const data = exchangeInner(lower, lower.reshape(lower.as(x, 'plain'), rows));
  const positions = lower.reshape(lower.as(indices, 'plain'), [batches, sizeOf(own), 1]);
  const gathered = graph.node('GatherND', [data, toInt64(lower, positions)], { batch_dims: 1 });
  const shape = [...batch, ...outer, ...own, ...inner];
  return lower.traced(lower.reshape(exchangeInner(lower, gathered), shape), 'plain', shape, x.dtype);
}

function gatherNd(lower: Lowering, x: Traced, indices: Traced): Traced {
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indices.shape.at(-1))];
  const positions = toInt64(lower, lower.as(indices, 'plain'));
  return lower.traced(
    lower.graph.node('GatherND', [lower.as(x, 'plain'), positions]),
    'plain',
    shape,
    x.dtype,
  );
}

/**
 * A matrix of zeros to whose rows the rows of `updates` are added.
 *
 * Not ScatterND: onnxruntime runs that in parallel, so that additions to the same row get lost.
 */
function addToRows(
  lower: Lowering,
  rows: number,
  positions: Value,
  updates: Value,
  dtype: Traced['dtype'],
): Value {
  const { graph } = lower;
  const [count, width] = updates.type.shape as [number, number];
  const zeros = graph.node('Expand', [scalar(lower, 0, dtype), graph.ints([rows, width])]);
  const indices = graph.node('Expand', [lower.reshape(positions, [count, 1]), graph.ints([1, width])]);
  return graph.node('ScatterElements', [zeros, indices, updates], { axis: 0, reduction: 'add' });
}

/** A tensor of zeros to which updates are added at indices. */
function scatter(lower: Lowering, indices: Traced, updates: Traced, shape: readonly number[]): Traced {
  const { graph } = lower;
  const depth = indices.shape.at(-1) ?? 1;
  const [rows, width] = [sizeOf(shape.slice(0, depth)), sizeOf(shape.slice(depth))];
  const count = sizeOf(indices.shape) / depth;
  const strides = Int32Array.from({ length: depth }, (_, axis) => sizeOf(shape.slice(axis + 1, depth)));
  const scaled = graph.node('Mul', [
    lower.reshape(lower.as(indices, 'plain'), [count, depth]),
    graph.constant(strides, { dtype: 'int32', shape: [depth] }),
  ]);
  const positions = graph.node('ReduceSum', [scaled, graph.ints([1])], { keepdims: 0 });
  const matrix = lower.reshape(lower.as(updates, 'plain'), [count, width]);
  const result = addToRows(lower, rows, positions, matrix, updates.dtype);
  return lower.traced(lower.reshape(result, shape), 'plain', shape, updates.dtype);
}

/** Sums of the slices of x that have the same id. Ids outside of the segments, e.g. negative ones, are left out. */
function segmentSum(lower: Lowering, x: Traced, segmentIds: Traced, segments: number): Traced {
  const { graph } = lower;
  const [count, ...rest] = x.shape as [number, ...number[]];
  const ids = lower.as(segmentIds, 'plain');
  const inside = graph.node('And', [
    graph.node('GreaterOrEqual', [ids, scalar(lower, 0, 'int32')]),
    graph.node('Less', [ids, scalar(lower, segments, 'int32')]),
  ]);
  // One row more takes what is left out.
  const positions = graph.node('Where', [inside, ids, scalar(lower, segments, 'int32')]);
  const matrix = lower.reshape(lower.as(x, 'plain'), [count, sizeOf(rest)]);
  const all = addToRows(lower, segments + 1, positions, matrix, x.dtype);
  const kept = graph.node('Slice', [all, graph.ints([0]), graph.ints([segments]), graph.ints([0])]);
  const shape = [segments, ...rest];
  return lower.traced(lower.reshape(kept, shape), 'plain', shape, x.dtype);
}

export const gathering = {
  GatherNd: (lower, { params, indices }) => gatherNd(lower, params, indices),
  GatherV2: (lower, { x, indices }, { axis, batchDims }) => gather(lower, x, indices, axis, batchDims),
  ScatterNd: (lower, { indices, updates }, { shape }) => scatter(lower, indices, updates, shape),
  UnsortedSegmentSum: (lower, { x, segmentIds }, { numSegments }) =>
    segmentSum(lower, x, segmentIds, numSegments),
} satisfies Partial<Rules>;
