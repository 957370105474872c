/** Tensors made of numbers. */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../../src/tfjs.ts';
import { op, type Row } from '../check-op.ts';
import { given, image, integers, normal } from '../inputs.ts';

const made = (name: string, run: () => Tensor | Tensor[]): Row => op(name, [], run);

export const rows: readonly Row[] = [
  made('fill', () => [tf.fill([2, 3], 1.5), tf.fill([], 4, 'int32'), tf.fill([2], 1, 'bool')]),
  made('fill of many', () => tf.fill([200, 30], -2)),
  op('fill with an image', [image(2, 3, 5, 16)], (x) => tf.mul(x, tf.fill([2, 3, 5, 16], 3)), {
    gradient: 'both',
  }),
  made('zeros and ones', () => [tf.zeros([3]), tf.ones([40, 50]), tf.onesLike(tf.zeros([2, 2], 'int32'))]),
  made('linspace', () => [tf.linspace(0, 1, 7), tf.linspace(3, -2, 1)]),
  made('range', () => [tf.range(0, 5), tf.range(5, 0), tf.range(0, 1, 0.1), tf.range(9, 0, -2, 'int32')]),
  made('range of nothing', () => [tf.range(3, 3), tf.range(0, 3, -1)]),
  op('oneHot', [given([0, 4, -1, 5, 2], 'int32')], (x) => [
    tf.oneHot(x, 5),
    tf.oneHot(x, 5, 2.5, -1),
    tf.oneHot(x, 5, 1, 0, 'float32'),
    tf.oneHot(x, 5, 1, 0, 'bool'),
  ]),
  op('oneHot of a matrix', [integers(0, 3, 2, 4)], (x) => tf.oneHot(x, 3)),
  op('a constant of the program', [normal(2, 2)], (x) => tf.add(x, tf.tensor2d([1, 2, 3, 4], [2, 2])), {
    gradient: 'eager',
  }),
  op('eye', [normal(3, 3)], (x) => tf.matMul(x, tf.eye(3))),
];
