/** Padding with a number and with mirror images. */
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, image, integers, normal } from '../inputs.ts';

type Paddings = [number, number][];

const none: [number, number] = [0, 0];
const pixels = image(3, 4, 5, 32);

const ofImages: Readonly<Record<string, Paddings>> = {
  pixels: [none, [1, 2], [3, 0], none],
  'the batch': [[1, 1], none, none, none],
  'whole blocks of channels': [none, none, none, [16, 32]],
  'parts of blocks': [none, [0, 1], none, [1, 2]],
};

const mirrored: Readonly<Record<string, Paddings>> = {
  pixels: [none, [1, 2], [3, 0], none],
  'batch and channels': [[1, 1], none, none, [2, 3]],
  'channels like a block': [none, none, none, [16, 0]],
};

export const rows: readonly Row[] = [
  op(
    'pad',
    [normal(2, 3)],
    (x) =>
      tf.pad(x, [
        [1, 2],
        [0, 3],
      ]),
    { gradient: 'both' },
  ),
  op(
    'pad with a number',
    [normal(2, 3)],
    (x) =>
      tf.pad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        -1.5,
      ),
    { gradient: 'both' },
  ),
  op('pad of integers with a number', [integers(0, 9, 3)], (x) => tf.pad(x, [[1, 2]], 7)),
  op('pad of bools', [bools(3)], (x) => tf.pad(x, [[1, 2]])),
  ...Object.entries(ofImages).flatMap(([name, paddings]) => [
    op(`pad of ${name} of an image`, [pixels], (x) => tf.pad(x, paddings), { gradient: 'both' }),
    op(`pad of ${name} of an image with a number`, [pixels], (x) => tf.pad(x, paddings, 2)),
  ]),
  ...(['reflect', 'symmetric'] as const).flatMap((mode) => [
    op(
      `mirrorPad ${mode}`,
      [normal(4, 5)],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [2, 3],
            [0, 1],
          ],
          mode,
        ),
      { gradient: 'eager' },
    ),
    op(`mirrorPad ${mode} of integers`, [integers(0, 9, 4)], (x) => tf.mirrorPad(x, [[3, 2]], mode)),
    ...Object.entries(mirrored).map(([name, paddings]) =>
      op(`mirrorPad ${mode} of ${name} of an image`, [pixels], (x) => tf.mirrorPad(x, paddings, mode)),
    ),
  ]),
  op('mirrorPad symmetric by all there is', [normal(3)], (x) => tf.mirrorPad(x, [[3, 3]], 'symmetric')),
];
