/** Shapes, orders and repetitions, of plain tensors and of images. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { foldImages, unfoldImages } from '../../../src/nn/folding.ts';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, image, integers, normal } from '../inputs.ts';

const pixels = image(2, 3, 5, 16);

const permutations: readonly number[][] = [0, 1, 2, 3].flatMap((a) =>
  [0, 1, 2, 3].flatMap((b) =>
    [0, 1, 2, 3].flatMap((c) => {
      const perm = [a, b, c, 6 - a - b - c];
      return new Set(perm).size === 4 && Math.min(...perm) === 0 && Math.max(...perm) === 3 ? [perm] : [];
    }),
  ),
);

const both = { gradient: 'both' } as const;

export const rows: readonly Row[] = [
  op('reshape', [normal(3, 4)], (x) => tf.reshape(x, [2, 6]), both),
  op('reshape to a scalar', [normal(1, 1)], (x) => tf.reshape(x, []), both),
  op('reshape of an image to rows', [pixels], (x) => tf.reshape(x, [2, 240]), both),
  op('reshape of an image to itself', [pixels], (x) => tf.relu(tf.reshape(x, [2, 3, 5, 16])), both),
  op('reshape of pixels', [pixels], (x) => tf.relu(tf.reshape(x, [2, 15, 1, 16])), both),
  op('reshape of channels', [pixels], (x) => tf.relu(tf.reshape(x, [2, 3, 10, 8])), both),
  op('reshape of the batch', [pixels], (x) => tf.relu(tf.reshape(x, [6, 1, 5, 16])), both),
  ...[16, 4].flatMap((channels) => [
    op(
      `images of ${channels} channels side by side`,
      [image(4, 3, 5, channels)],
      (x: Tensor4D) => tf.relu(foldImages(x, 2)),
      both,
    ),
    op(
      `images of ${channels} channels apart`,
      [image(2, 3, 5, channels)],
      (x: Tensor4D) => tf.relu(unfoldImages(x, 4)),
      both,
    ),
  ]),
  op('reshape of one pixel to a row', [image(2, 1, 1, 16)], (x) => tf.reshape(x, [2, 16]), both),
  op(
    'reshape of a row to one pixel',
    [normal(2, 16), pixels],
    (v, x) => tf.mul(tf.reshape(v, [2, 1, 1, 16]), x),
    both,
  ),
  op('reshape with an open size', [normal(3, 4)], (x) => tf.reshape(x, [-1, 2]), both),
  op('squeeze', [normal(1, 3, 1)], (x) => tf.squeeze(x), both),
  op('flatten', [pixels], (x) => tf.layers.flatten().apply(x) as Tensor, both),
  op(
    'expandDims',
    [normal(3, 4)],
    (x) => [tf.expandDims(x, 0), tf.expandDims(x, -1), tf.expandDims(x, 1)],
    both,
  ),
  op('expandDims of an image', [pixels], (x) => tf.expandDims(x, 1), both),
  op('transpose', [normal(2, 3, 4)], (x) => [tf.transpose(x), tf.transpose(x, [0, 2, 1])], both),
  ...permutations.map((perm) =>
    op(
      `transpose [${perm}]`,
      [pixels, normal(2, 3, 4, 5)],
      (x, y) => [tf.transpose(x, perm), tf.transpose(y, perm)],
      both,
    ),
  ),
  op('transpose of integers as images', [integers(0, 9, 2, 4, 3, 5)], (x) =>
    tf.add(tf.transpose(x, [0, 2, 3, 1]), x.transpose([0, 2, 3, 1])),
  ),
  op(
    'transposed images and channels',
    [normal(2, 16, 3, 5), normal(16)],
    (x, v) => tf.mul(tf.transpose(x, [0, 2, 3, 1]), v),
    both,
  ),
  op('broadcastTo', [normal(3, 1)], (x) => tf.broadcastTo(x, [2, 3, 4]), both),
  op('broadcastTo of one pixel', [image(2, 1, 1, 16)], (x) => tf.broadcastTo(x, [2, 3, 5, 16]), both),
  op('broadcastTo of one channel', [image(2, 3, 5, 1)], (x) => tf.broadcastTo(x, [2, 3, 5, 16]), both),
  op(
    'broadcastTo as a kernel',
    [normal(3, 1)],
    (x) => tf.engine().runKernel('BroadcastTo', { x }, { shape: [3, 4], inputShape: [3, 1] }) as Tensor,
    {
      reference: (x) => tf.broadcastTo(x, [3, 4]),
    },
  ),
  op(
    'a broadcast image in a convolution',
    [normal(2, 1, 1, 16), normal(3, 3, 16, 16)],
    (x, w: Tensor4D) => tf.conv2d(tf.broadcastTo(x, [2, 5, 5, 16]) as Tensor4D, w, 1, 'same'),
    {
      gradient: 'eager',
      tolerance: 1e-4,
    },
  ),
  op('tile', [normal(2, 3)], (x) => tf.tile(x, [2, 3]), both),
  op('tile of bools', [bools(2, 3)], (x) => tf.tile(x, [2, 3])),
  ...[
    [2, 1, 1, 1],
    [1, 2, 3, 1],
    [1, 1, 1, 2],
  ].map((reps) => op(`tile of an image [${reps}]`, [pixels], (x) => tf.tile(x, reps), both)),
];
