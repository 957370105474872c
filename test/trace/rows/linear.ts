/** Products of matrices: transposed, in batches, with bias and activation. */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { image, integers, normal } from '../inputs.ts';

const both = { gradient: 'both' } as const;
const flags = [false, true];
const activations = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const;

/** A matrix [rows, columns], or its transpose. */
const matrix = (rows: number, columns: number, transposed: boolean, ...batch: number[]) =>
  transposed ? normal(...batch, columns, rows) : normal(...batch, rows, columns);

const transposed = flags.flatMap((a) => flags.map((b) => [a, b] as const));

export const rows: readonly Row[] = [
  ...transposed.flatMap(([a, b]) => [
    op(`matMul ${a} ${b}`, [matrix(3, 4, a), matrix(4, 5, b)], (x, y) => tf.matMul(x, y, a, b), both),
    op(
      `matMul ${a} ${b} in batches`,
      [matrix(3, 4, a, 2), matrix(4, 5, b, 2)],
      (x, y) => tf.matMul(x, y, a, b),
      both,
    ),
    op(`matMul ${a} ${b} of one with many`, [matrix(3, 4, a, 1), matrix(4, 5, b, 6)], (x, y) =>
      tf.matMul(x, y, a, b),
    ),
    op(
      `matMul ${a} ${b} in two batches`,
      [matrix(3, 4, a, 2, 3), matrix(4, 5, b, 2, 3)],
      (x, y) => tf.matMul(x, y, a, b),
      both,
    ),
    op(
      `fused matMul ${a} ${b}`,
      [matrix(3, 4, a), matrix(4, 5, b), normal(5)],
      (x: Tensor2D, y: Tensor2D, bias) => tf.fused.matMul({ a: x, b: y, transposeA: a, transposeB: b, bias }),
    ),
  ]),
  op('matMul of integers', [integers(-3, 4, 3, 4), integers(-3, 4, 4, 2)], (x, y) => tf.matMul(x, y)),
  op('matMul of transposed integers', [integers(-3, 4, 4, 3), integers(-3, 4, 4, 2)], (x, y) =>
    tf.matMul(x, y, true),
  ),
  op(
    'matMul of an image',
    [image(2, 3, 5, 16), normal(16, 4)],
    (x, y) => tf.matMul(tf.reshape(x, [30, 16]), y),
    both,
  ),
  op('dot', [normal(4), normal(4, 3)], (x, y) => tf.dot(x, y), both),
  ...activations.map((activation) =>
    op(
      `fused matMul with ${activation}`,
      [normal(3, 4), normal(4, 5), normal(1, 5)],
      (a: Tensor2D, b: Tensor2D, bias) => tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.3 }),
    ),
  ),
  op('fused matMul with prelu', [normal(3, 4), normal(4, 5), normal(5)], (a: Tensor2D, b: Tensor2D, slope) =>
    tf.fused.matMul({ a, b, activation: 'prelu', preluActivationWeights: slope }),
  ),
  op(
    'fused matMul in batches',
    [normal(2, 3, 4), normal(2, 4, 5), normal(5)],
    (a: Tensor3D, b: Tensor3D, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' }),
  ),
];
