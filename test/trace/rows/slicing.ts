/** Slices: with every mask, and of every axis of an image. */
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, image, integers, normal } from '../inputs.ts';

const pixels = image(3, 4, 6, 32);
const both = { gradient: 'both' } as const;
const eager = { gradient: 'eager' } as const;

const slices: readonly (readonly [begin: number[], size: number[]])[] = [
  [
    [1, 0, 0, 0],
    [2, 4, 6, 32],
  ],
  [
    [0, 1, 2, 0],
    [3, 2, 3, 32],
  ],
  [
    [0, 0, 0, 16],
    [3, 4, 6, 16],
  ],
  [
    [0, 0, 0, 5],
    [3, 4, 6, 20],
  ],
  [
    [1, 1, 1, 16],
    [1, 2, 2, 16],
  ],
];

const strided = (name: string, begin: number[], end: number[], strides: number[], ...masks: number[]): Row =>
  op(`stridedSlice ${name}`, [normal(3, 5, 4)], (x) => tf.stridedSlice(x, begin, end, strides, ...masks));

export const rows: readonly Row[] = [
  op(
    'slice',
    [normal(4, 5)],
    (x) => [tf.slice(x, [1, 2], [2, 3]), tf.slice(x, 2), tf.slice(x, [0, 1], [-1, 2])],
    both,
  ),
  op('slice of everything', [normal(4, 5)], (x) => tf.slice(x, [0, 0], [4, 5]), both),
  op('slice of bools', [bools(4)], (x) => tf.slice(x, 1, 2)),
  ...slices.map(([begin, size]) =>
    op(`slice of an image [${begin}] [${size}]`, [pixels], (x) => tf.slice(x, begin, size), both),
  ),
  strided('forwards', [0, 1, 0], [3, 5, 4], [1, 2, 3]),
  strided('backwards', [2, 4, 3], [0, 0, 1], [-1, -2, -1]),
  strided('to the first element backwards', [2, 4, 3], [0, 0, 0], [-1, -1, -2], 0, 7),
  strided('with begin and end masks', [1, 1, 1], [2, 3, 2], [1, 1, 1], 1, 6),
  strided('with an ellipsis', [1, 1], [0, 3], [1, 1], 0, 1, 1),
  strided('with a new axis', [0, 0, 1], [0, 2, 3], [1, 1, 1], 0, 0, 0, 1),
  strided('that shrinks', [1, 0, 2], [2, 5, 3], [1, 1, 1], 0, 0, 0, 0, 5),
  strided('of nothing', [1, 3, 0], [1, 2, 4], [1, 1, 1]),
  op('stridedSlice of an image', [pixels], (x) =>
    tf.stridedSlice(x, [0, 1, 5, 0], [3, 4, 0, 32], [2, 1, -2, 1]),
  ),
  op('stridedSlice of whole blocks of channels', [pixels], (x) =>
    tf.stridedSlice(x, [0, 0, 0, 16], [3, 4, 6, 32], [1, 2, 2, 1]),
  ),
  op('stridedSlice of channels', [pixels], (x) =>
    tf.stridedSlice(x, [0, 0, 0, 1], [3, 4, 6, 32], [1, 1, 1, 2]),
  ),
  op(
    'slice of a broadcast',
    [normal(2, 1, 1, 16)],
    (x) => tf.slice(tf.broadcastTo(x, [2, 3, 5, 16]), [1, 1, 0, 4], [1, 2, 5, 8]),
    both,
  ),
  op('slice of equal numbers', [normal(2)], (x) =>
    tf.add(tf.slice(tf.fill([3, 4], 2), [1, 1], [2, 2]), tf.reverse(x)),
  ),
  op('reverse', [normal(3, 4)], (x) => [tf.reverse(x), tf.reverse(x, 0), tf.reverse(x, -1)], both),
  op('reverse of integers', [integers(0, 9, 5)], (x) => tf.reverse(x)),
  ...[0, 1, 2, 3].map((axis) =>
    op(`reverse of an image along ${axis}`, [pixels], (x) => tf.reverse(x, axis), eager),
  ),
  op('reverse of an image along all axes', [pixels], (x) => tf.reverse(x), eager),
];
