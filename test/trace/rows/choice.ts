/** Branches of which one is computed. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { type Branch, chosenBranch } from '../../../src/nn/choice.ts';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { given, image, normal } from '../inputs.ts';

const pointwise = (filter: Tensor): Branch => ({
  parameters: [filter],
  value: (x, [w]) => tf.sigmoid(tf.conv2d(x, w as Tensor4D, 1, 'same')),
});

const without = (value: (x: Tensor4D) => Tensor4D): Branch => ({ parameters: [], value });

/** Two convolutions, the identity and nothing. */
const branches = (first: Tensor, second: Tensor): Branch[] => [
  pointwise(first),
  without((x) => x),
  pointwise(second),
  without((x) => tf.zerosLike(x)),
];

const flagsOf = (which: Tensor, count: number): Tensor[] =>
  Array.from({ length: count }, (_, i) => tf.equal(which, i));

/** Two choices in turn, the second reads what the first gives. */
const twice = (channels: number, which: readonly [number, number]): Row =>
  op(
    `chosenBranch ${which} of ${channels} channels`,
    [
      given(which, 'int32'),
      image(2, 3, 4, channels),
      normal(1, 1, channels, channels),
      normal(3, 3, channels, channels),
    ],
    (indices, x, first, second) => {
      const [a, b] = tf.unstack(indices) as [Tensor, Tensor];
      const candidates = branches(first, second);
      const y = chosenBranch(x as Tensor4D, flagsOf(a, 4), candidates);
      return chosenBranch(tf.sin(y), flagsOf(b, 4), candidates);
    },
    { gradient: 'both', tolerance: 1e-4 },
  );

export const rows: readonly Row[] = [
  ...[3, 16].flatMap((channels) =>
    (
      [
        [0, 2],
        [1, 0],
        [2, 2],
        [3, 1],
      ] as const
    ).map((which) => twice(channels, which)),
  ),
];
