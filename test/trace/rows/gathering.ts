/** Reading and writing at positions that are data. */
import type { Tensor1D } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, given, image, integers, normal } from '../inputs.ts';

const pixels = image(3, 4, 5, 16);
const both = { gradient: 'both' } as const;

export const rows: readonly Row[] = [
  ...[0, 1, 2].map((axis) =>
    op(
      `gather along ${axis}`,
      [normal(3, 4, 5), integers(0, 3, 6)],
      (x, indices) => tf.gather(x, indices as Tensor1D, axis),
      both,
    ),
  ),
  op(
    'gather with a matrix of indices',
    [normal(4, 3), integers(0, 4, 2, 2)],
    (x, indices) => tf.gather(x, indices, 0),
    both,
  ),
  op('gather with a scalar index', [normal(4, 3), integers(0, 4)], (x, index) => tf.gather(x, index, 0)),
  op('gather of bools', [bools(4), integers(0, 4, 6)], (x, indices) => tf.gather(x, indices)),
  ...[0, 1, 2, 3].map((axis) =>
    op(
      `gather of an image along ${axis}`,
      [pixels, integers(0, 3, 4)],
      (x, indices) => tf.gather(x, indices, axis),
      {
        gradient: 'eager',
      },
    ),
  ),
  op('gather in batches', [normal(2, 4, 3), integers(0, 4, 2, 5)], (x, indices) =>
    tf.gather(x, indices, 1, 1),
  ),
  op('gather in batches of rows', [normal(2, 3, 4, 2), integers(0, 4, 2, 5)], (x, indices) =>
    tf.gather(x, indices, 2, 1),
  ),
  op('gather in two batches', [normal(2, 3, 4), integers(0, 4, 2, 3, 2)], (x, indices) =>
    tf.gather(x, indices, 2, 2),
  ),
  op('gatherND', [normal(3, 4, 2), given([0, 1, 2, 3, 0, 0], 'int32', [3, 2])], (x, indices) =>
    tf.gatherND(x, indices),
  ),
  op('gatherND of elements', [integers(0, 9, 3, 4), given([0, 1, 2, 3], 'int32', [2, 2])], (x, indices) =>
    tf.gatherND(x, indices),
  ),
  op('scatterND', [given([4, 1, 4, 0], 'int32', [4, 1]), normal(4, 3)], (indices, updates) =>
    tf.scatterND(indices, updates, [6, 3]),
  ),
  op(
    'scatterND of elements',
    [given([0, 1, 2, 3, 0, 1], 'int32', [3, 2]), integers(1, 9, 3)],
    (indices, updates) => tf.scatterND(indices, updates, [3, 4]),
  ),
  op('scatterND of numbers', [given([3, 3, 3], 'int32', [3, 1]), normal(3)], (indices, updates) =>
    tf.scatterND(indices, updates, [5]),
  ),
  op(
    'unsortedSegmentSum',
    [normal(6, 2), given([0, 3, 0, -1, 2, 3], 'int32')],
    (x, ids: Tensor1D) => tf.unsortedSegmentSum(x, ids, 4),
    both,
  ),
  op('unsortedSegmentSum of numbers', [normal(4), given([1, 1, 7, 0], 'int32')], (x, ids: Tensor1D) =>
    tf.unsortedSegmentSum(x, ids, 3),
  ),
  op(
    'many additions to one row',
    [normal(4000, 3), integers(0, 2, 4000)],
    (x, ids: Tensor1D) => tf.unsortedSegmentSum(x, ids, 2),
    { tolerance: 1e-4 },
  ),
];
