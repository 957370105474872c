import type { Tensor2D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { correctCount, crossEntropy } from '../../src/nn/losses.ts';
import { tf } from '../../src/tfjs.ts';

beforeAll(() => tf.setBackend('cpu'));

const logits = [
  [2, 1, -1],
  [0, 0, 3],
];
const labels = [1, 2];

const softmax = (row: readonly number[]): number[] => {
  const sum = row.reduce((total, x) => total + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / sum);
};

describe('crossEntropy', () => {
  it('is the mean of −log softmax at the label', () => {
    const loss = crossEntropy(tf.tensor2d(logits), tf.tensor1d(labels, 'int32')).dataSync()[0];
    const terms = logits.map((row, i) => -Math.log(softmax(row)[labels[i] as number] as number));
    expect(loss).toBeCloseTo(((terms[0] as number) + (terms[1] as number)) / 2, 6);
  });

  it('has the gradient (softmax − one hot)/N', () => {
    const gradient = tf
      .grad((x) => crossEntropy(x as Tensor2D, tf.tensor1d(labels, 'int32')))(tf.tensor2d(logits))
      .dataSync();
    const expected = logits.flatMap((row, i) =>
      softmax(row).map((p, j) => (p - (j === labels[i] ? 1 : 0)) / 2),
    );
    expected.forEach((x, i) => {
      expect(gradient[i]).toBeCloseTo(x, 6);
    });
  });

  it('stays finite where the exponentials would not', () => {
    const loss = crossEntropy(tf.tensor2d([[1000, -1000]]), tf.tensor1d([1], 'int32')).dataSync()[0];
    expect(loss).toBe(2000);
  });
});

it('correctCount counts rows whose largest logit is at the label', () => {
  const count = (targets: number[]) =>
    correctCount(tf.tensor2d(logits), tf.tensor1d(targets, 'int32')).dataSync()[0];
  expect([count([0, 2]), count([1, 2]), count([1, 1])]).toEqual([2, 1, 0]);
});
