/** Joining and taking apart, along every axis of images too. */
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, image, integers, normal } from '../inputs.ts';

const pixels = image(2, 4, 6, 32);
const axes = [0, 1, 2, 3];
const both = { gradient: 'both' } as const;

export const rows: readonly Row[] = [
  op('concat', [normal(2, 3), normal(4, 3)], (...x) => tf.concat(x, 0), both),
  op('concat along the last axis', [normal(2, 3), normal(2, 1)], (...x) => tf.concat(x, -1), both),
  op('concat with nothing', [normal(2, 3)], (x) => tf.concat([x, tf.zeros([0, 3])], 0)),
  op('concat of integers', [integers(0, 9, 2), integers(0, 9, 3)], (...x) => tf.concat(x)),
  op('concat of bools', [bools(2), bools(3)], (...x) => tf.concat(x)),
  ...axes.map((axis) =>
    op(`concat of images along ${axis}`, [pixels, pixels], (...x) => tf.concat(x, axis), both),
  ),
  op(
    'concat of whole blocks of channels',
    [image(1, 2, 2, 16), image(1, 2, 2, 32)],
    (...x) => tf.concat(x, 3),
    both,
  ),
  op('concat of parts of blocks', [image(1, 2, 2, 16), image(1, 2, 2, 3)], (...x) => tf.concat(x, 3), both),
  op('concat of an image and a plain tensor', [pixels, normal(2, 4, 6, 32)], (...x) => tf.concat(x, 1), both),
  op('stack', [normal(2, 3), normal(2, 3)], (...x) => [tf.stack(x), tf.stack(x, 1), tf.stack(x, 2)], both),
  op('stack of one', [normal(2)], (...x) => tf.stack(x), both),
  op('stack of images', [pixels, pixels], (...x) => tf.stack(x, 1), both),
  op('unstack', [normal(2, 3)], (x) => [...tf.unstack(x), ...tf.unstack(x, -1)], both),
  op('unstack of an image', [image(2, 2, 2, 16)], (x) => [...tf.unstack(x), ...tf.unstack(x, 2)], both),
  op('split', [normal(6, 2)], (x) => [...tf.split(x, 3), ...tf.split(x, [1, 2, 3])], both),
  op(
    'split of a broadcast',
    [normal(2, 1, 1, 16)],
    (x) => {
      const wide = tf.broadcastTo(x, [2, 4, 4, 16]);
      return [...tf.split(wide, 2, 1), ...tf.split(wide, [4, 12], 3)];
    },
    both,
  ),
  op('split with an open size', [normal(2, 6)], (x) => tf.split(x, [1, -1, 2], 1), both),
  ...axes.map((axis) => op(`split of an image along ${axis}`, [pixels], (x) => tf.split(x, 2, axis), both)),
  op('split of parts of blocks', [pixels], (x) => tf.split(x, [8, 24], 3), both),
];
