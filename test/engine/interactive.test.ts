/** The tfjs backend `onnx` in a program of one's own: reading a tensor computes it. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerOnnxBackend } from '../../src/engine/onnxruntime.ts';
import { tf } from '../../src/tfjs.ts';
import { onnxBackend } from '../../src/trace/backend.ts';

beforeAll(async () => {
  onnxBackend();
  await tf.setBackend('onnx');
});
afterAll(() => tf.setBackend('cpu'));

it('without an engine says what to call', async () => {
  const y = tf.add(tf.tensor1d([1, 2]), 1);
  await expect(y.data()).rejects.toThrow(
    'the onnx backend has no engine to compute with: call registerOnnxBackend() of onnx-nas first',
  );
});

describe('with onnxruntime', () => {
  beforeAll(registerOnnxBackend);

  it.each<[string, () => Tensor, number[], string]>([
    ['a chain of operations', () => tf.mul(tf.add(tf.tensor1d([1, 2]), 1), 3), [6, 9], 'float32'],
    ['integers', () => tf.mul(tf.tensor1d([3, -4], 'int32'), tf.scalar(2, 'int32')), [6, -8], 'int32'],
    ['truth values', () => tf.greater(tf.tensor1d([3, -4]), 0), [1, 0], 'bool'],
    ['what was written', () => tf.tensor1d([5, 6]), [5, 6], 'float32'],
    ['many equal elements', () => tf.ones([2000]), Array(2000).fill(1), 'float32'],
    [
      'a convolution, in the order of tfjs',
      () => tf.conv2d(tf.range(0, 8).reshape([1, 2, 2, 2]) as Tensor4D, tf.ones([1, 1, 2, 1]), 1, 'valid'),
      [1, 5, 9, 13],
      'float32',
    ],
    ['a gradient', () => tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, -3])), [2, -6], 'float32'],
  ])('computes %s', async (_, make, expected, dtype) => {
    const tensor = make();
    expect(tensor.dtype).toBe(dtype);
    expect([...(await tensor.data())]).toEqual(expected);
  });

  it('computes a value once, and goes on from it', async () => {
    const x = tf.add(tf.tensor1d([1, 2]), 1);
    expect([...(await x.data())]).toEqual([2, 3]);
    // What was read is a written value now, at hand without waiting.
    expect([...x.dataSync()]).toEqual([2, 3]);
    expect(await tf.mul(x, x).array()).toEqual([4, 9]);
  });

  it('cannot wait in dataSync, and says so', () => {
    expect(() => tf.add(tf.tensor1d([1, 2]), 1).dataSync()).toThrow(
      'use "await tensor.data()" instead of dataSync()',
    );
  });

  it('takes tensors over from another backend', async () => {
    await tf.setBackend('cpu');
    const x = tf.add(tf.tensor1d([1, 2]), 1);
    await tf.setBackend('onnx');
    expect(await tf.neg(x).array()).toEqual([-2, -3]);
  });
});
