/** Pools and their gradients: at borders, with equal maxima. */
import type { backend_util, Tensor4D } from '@tensorflow/tfjs';
import * as nn from '../../../src/nn/pooling.ts';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { apart, image, ties } from '../inputs.ts';

type Pad = 'same' | 'valid' | backend_util.ExplicitPadding;

const symmetric: Pad = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

const geometries = [1, 2, 3].flatMap((stride) =>
  [2, 3].flatMap((kernel) =>
    (['same', 'valid', symmetric] as const).flatMap((pad) =>
      [7, 8].map((size) => ({ kernel, stride, pad: pad as Pad, size })),
    ),
  ),
);

const titleOf = ({ kernel, stride, pad, size }: (typeof geometries)[number]): string =>
  `${kernel} stride ${stride} ${typeof pad === 'string' ? pad : 'symmetric'} of ${size}`;

const rounding = (pad: Pad): 'floor' | undefined => (typeof pad === 'string' ? undefined : 'floor');

export const rows: readonly Row[] = [
  ...geometries.flatMap((geometry) => {
    const { kernel, stride, pad, size } = geometry;
    return [
      op(
        `maxPool ${titleOf(geometry)}`,
        [image(2, size, size, 16, apart)],
        (x: Tensor4D) => tf.maxPool(x, kernel, stride, pad, rounding(pad)),
        { gradient: 'both' },
      ),
      op(
        `maxPool with equal maxima ${titleOf(geometry)}`,
        [image(2, size, size, 16, ties)],
        (x: Tensor4D) => tf.maxPool(x, kernel, stride, pad, rounding(pad)),
        { gradient: 'eager' },
      ),
      op(
        `avgPool ${titleOf(geometry)}`,
        [image(2, size, size, 16)],
        (x: Tensor4D) => tf.avgPool(x, kernel, stride, pad, rounding(pad)),
        // At a padded border the cpu backend's gradient divides by the whole window, its pool does not.
        { gradient: pad === 'valid' ? 'both' : 'differences' },
      ),
    ];
  }),
  op(
    'maxPool of 3 channels',
    [image(2, 7, 6, 3, ties)],
    (x: Tensor4D) => tf.maxPool(x, [3, 2], [2, 1], 'same'),
    {
      gradient: 'eager',
    },
  ),
  op('avgPool of 3 channels', [image(2, 7, 6, 3)], (x: Tensor4D) => tf.avgPool(x, [3, 2], [2, 1], 'valid'), {
    gradient: 'both',
  }),
  ...[1, 2].flatMap((stride) =>
    [7, 8].flatMap((size) => [
      op(
        `nn.maxPool stride ${stride} of ${size}`,
        [image(2, size, size, 16, ties)],
        (x: Tensor4D) => nn.maxPool(x, stride),
        {
          gradient: 'eager',
        },
      ),
      op(
        `nn.averagePool stride ${stride} of ${size}`,
        [image(2, size, size, 16)],
        (x: Tensor4D) => nn.averagePool(x, stride),
        {
          gradient: 'both',
        },
      ),
    ]),
  ),
  ...([1, 2, 3] as const).flatMap((count) => {
    const around = (x: Tensor4D): Tensor4D =>
      tf.pad(x, [
        [0, 0],
        [count, count],
        [count, 0],
        [0, 0],
      ]);
    return [
      op(`maxPool after padding by ${count}`, [image(2, 4, 5, 16)], (x: Tensor4D) =>
        tf.maxPool(around(x), 2, 1, 'valid'),
      ),
      op(`avgPool after padding by ${count}`, [image(2, 4, 5, 16)], (x: Tensor4D) =>
        tf.avgPool(around(x), 2, 1, 'valid'),
      ),
    ];
  }),
  op('maxPool after mirrors', [image(2, 4, 5, 16)], (x: Tensor4D) =>
    tf.maxPool(
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        'reflect',
      ),
      2,
      1,
      'valid',
    ),
  ),
  op('pool with dilation', [image(1, 6, 6, 16)], (x: Tensor4D) => tf.pool(x, 2, 'max', 'valid', 2)),
];
