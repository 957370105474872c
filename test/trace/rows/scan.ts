/** Running sums and products, the largest elements. */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { bools, image, integers, normal, ties } from '../inputs.ts';

type Scan = (x: Tensor, axis?: number, exclusive?: boolean, reverse?: boolean) => Tensor;

const directions = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const scans = (name: string, run: Scan, options: Pick<Row, 'gradient'> = {}): Row[] => [
  ...directions.map(([exclusive, reverse]) =>
    op(
      `${name}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`,
      [normal(3, 4)],
      (x) => run(x, 1, exclusive, reverse),
      options,
    ),
  ),
  op(`${name} along the first axis`, [normal(3, 4)], (x) => run(x, 0)),
  ...[0, 1, 2, 3].map((axis) =>
    op(`${name} of an image along ${axis}`, [image(2, 3, 4, 16)], (x) => run(x, axis), { tolerance: 2e-5 }),
  ),
  op(`${name} of integers`, [integers(-3, 4, 6)], (x) => run(x)),
  op(`${name} of bools`, [bools(6)], (x) => run(x)),
];

const topk = (x: Tensor, k: number): Tensor[] => {
  const { values, indices } = tf.topk(x, k);
  return [values, indices];
};

export const rows: readonly Row[] = [
  ...scans('cumsum', tf.cumsum, { gradient: 'both' }),
  ...scans('cumprod', tf.cumprod),
  op('topk', [normal(3, 8)], (x) => topk(x, 3)),
  op('topk of equal numbers', [ties(3, 8)], (x) => topk(x, 5)),
  op('topk of integers', [integers(0, 5, 8)], (x) => topk(x, 8)),
  op('topk of an image', [image(1, 2, 2, 16)], (x) => topk(x, 2)),
];
