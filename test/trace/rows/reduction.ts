/** Reductions: over every set of axes of an image, kept or not. */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { apart, bools, image, integers, normal, small, ties } from '../inputs.ts';

type Reduction = (x: Tensor, axis?: number | number[], keepDims?: boolean) => Tensor;

const pixels = image(2, 3, 5, 16);

/** All subsets of the axes of an image but the empty one. */
const subsets: readonly number[][] = Array.from({ length: 15 }, (_, i) =>
  [0, 1, 2, 3].filter((axis) => (i + 1) & (1 << axis)),
);

const everywhere = (name: string, run: Reduction, gradient?: Row['gradient']): Row[] =>
  subsets.flatMap((axes) =>
    [false, true].map((keepDims) =>
      op(
        `${name} of an image over [${axes}]${keepDims ? ', kept' : ''}`,
        [pixels],
        (x) => run(x, axes, keepDims),
        {
          tolerance: 2e-5,
          ...(gradient && { gradient }),
        },
      ),
    ),
  );

const plainly = (
  name: string,
  run: Reduction,
  options: Pick<Row, 'gradient'> = {},
  numbers = small,
): Row[] => [
  op(`${name} of all`, [numbers(3, 4)], (x) => run(x), options),
  op(`${name} over the last axis`, [numbers(3, 4)], (x) => run(x, -1), options),
  op(`${name} over two axes, kept`, [numbers(2, 3, 4)], (x) => run(x, [2, 0], true), options),
  op(`${name} over the pixels of an image`, [image(2, 3, 5, 16, numbers)], (x) => run(x, [1, 2]), options),
  op(`${name} over the pixels of 3 channels`, [image(2, 3, 5, 3, numbers)], (x) => run(x, [1, 2]), options),
  op(`${name} over the channels of an image`, [image(2, 3, 5, 16, numbers)], (x) => run(x, 3), options),
];

const ofIntegers = (name: string, run: Reduction): Row =>
  op(`${name} of integers`, [integers(-4, 5, 3, 4)], (x) => [run(x), run(x, 0)]);

/** Along each axis of an image, and of a matrix with equal numbers. */
const positions = (name: string, run: (x: Tensor, axis: number) => Tensor): Row[] => [
  ...[0, 1, 2, 3].map((axis) => op(`${name} of an image along ${axis}`, [pixels], (x) => run(x, axis))),
  op(`${name} takes the first of equal numbers`, [ties(5, 6)], (x) => [run(x, 0), run(x, 1), run(x, -1)]),
  op(`${name} of integers`, [integers(0, 4, 5, 6)], (x) => run(x, 1)),
  op(`${name} of bools`, [bools(5, 6)], (x) => run(x, 1)),
];

export const rows: readonly Row[] = [
  ...everywhere('sum', tf.sum, 'eager'),
  ...everywhere('mean', tf.mean, 'eager'),
  ...everywhere('max', tf.max),
  ...plainly('sum', tf.sum, { gradient: 'both' }),
  ...plainly('mean', tf.mean, { gradient: 'both' }),
  ...plainly('max', tf.max, { gradient: 'both' }, apart),
  ...plainly('min', tf.min, { gradient: 'both' }, apart),
  ...plainly('prod', tf.prod),
  ...plainly('logSumExp', tf.logSumExp, { gradient: 'both' }),
  op('norm', [normal(3, 4)], (x) => tf.norm(x, 2, 1), { gradient: 'both' }),
  ...plainly('all', (x, axis, keepDims) => tf.all(tf.greater(x, -0.6), axis, keepDims)),
  ...plainly('any', (x, axis, keepDims) => tf.any(tf.greater(x, 0.6), axis, keepDims)),
  ...[tf.sum, tf.mean, tf.max, tf.min, tf.prod].map((run) =>
    op(`${run.name} over no axis`, [normal(2, 3)], (x) => run(x, [])),
  ),
  op('sum of a scalar', [normal()], (x) => tf.sum(x), { gradient: 'eager' }),
  op('prod and its gradient', [small(3, 4)], (x) => tf.prod(x, 1), { gradient: 'both' }),
  op('mean of integers', [integers(-4, 5, 3, 4)], (x) => tf.mean(x, 1)),
  op('sum of bools', [bools(3, 4)], (x) => tf.sum(x, 1)),
  op('prod of bools', [bools(3, 4)], (x) => tf.prod(x, 1)),
  op('moments of an image', [pixels], (x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return [mean, variance];
  }),
  ofIntegers('sum', tf.sum),
  ofIntegers('max', tf.max),
  ofIntegers('min', tf.min),
  ofIntegers('prod', tf.prod),
  ...positions('argMax', tf.argMax),
  ...positions('argMin', tf.argMin),
  op('softmax', [normal(3, 5)], (x) => tf.softmax(x), { gradient: 'both' }),
  op('softmax of an image', [pixels], (x) => tf.softmax(x), { gradient: 'eager' }),
  op('logSoftmax', [normal(3, 5)], (x) => tf.logSoftmax(x), { gradient: 'both' }),
  op(
    'logSoftmax as a kernel',
    [normal(3, 5)],
    (logits) => tf.engine().runKernel('LogSoftmax', { logits }, { axis: -1 }) as Tensor,
    {
      reference: (x) => tf.logSoftmax(x),
    },
  ),
  op('cross entropy', [normal(4, 5)], (x) => tf.losses.softmaxCrossEntropy(tf.oneHot([1, 0, 4, 2], 5), x), {
    gradient: 'both',
  }),
];
