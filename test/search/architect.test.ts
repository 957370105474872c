/** The equations of the bilevel optimisation on a problem whose derivatives are known. */
import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  alphaGradient,
  hessianVectorProduct,
  unrolledGradient,
  unrolledWeights,
  weightGradient,
} from '../../src/search/architect.ts';
import { tf } from '../../src/tfjs.ts';
import { normals, relativeError } from '../nn/differentiable.ts';
import {
  gradientOfAlpha,
  gradientOfWeights,
  loss,
  mixedProduct,
  problem,
  supernet,
  tensors,
  totalGradient,
  unrolled,
} from './smooth-problem.ts';

beforeAll(() => tf.setBackend('cpu'));

const error = (actual: Tensor, expected: readonly number[]): number =>
  relativeError(actual.dataSync() as Float32Array, Float32Array.from(expected));

describe.each([1, 2, 3])('problem %d', (seed) => {
  const numbers = problem(seed);
  const { w, alpha, train, validation } = numbers;
  const v = [...normals(w.length, 'v', seed)];

  it('differentiates with respect to w and to α', () => {
    const t = tensors(numbers);
    const ofWeights = weightGradient(loss, supernet, t.w, t.alpha, t.train);
    expect(error(ofWeights.gradient, gradientOfWeights(train, w, alpha))).toBeLessThan(1e-6);
    const ofAlpha = alphaGradient(loss, supernet, t.w, t.alpha, t.validation);
    expect(ofAlpha.gradient.shape).toEqual(t.alpha.shape);
    expect(error(ofAlpha.gradient, gradientOfAlpha(validation, w, alpha))).toBeLessThan(1e-6);
  });

  it('unrolls a step with momentum and weight decay', () => {
    const t = tensors(numbers);
    const actual = unrolledWeights(loss, supernet, t.w, t.alpha, t.train, t.options);
    expect(error(actual, unrolled(numbers))).toBeLessThan(1e-6);
    // Each term matters.
    for (const part of ['learningRate', 'momentum', 'weightDecay'] as const) {
      expect(error(actual, unrolled({ ...numbers, [part]: 0 })), part).toBeGreaterThan(1e-3);
    }
  });

  it('multiplies the mixed second derivative with a vector', () => {
    const t = tensors(numbers);
    const actual = hessianVectorProduct(loss, supernet, t.w, t.alpha, t.train, tf.tensor1d(v));
    expect(error(actual, mixedProduct(train, w, alpha, v))).toBeLessThan(1e-3);
  });

  /** The division by 2R as it goes wrong, in a copy of the function. */
  it.each<[string, (difference: Tensor, r: Tensor) => Tensor, boolean]>([
    ['divided by 2R', (difference, r) => tf.div(difference, tf.mul(2, r)), true],
    ['divided by 2, multiplied by R', (difference, r) => tf.mul(tf.div(difference, 2), r), false],
    ['divided by R', (difference, r) => tf.div(difference, r), false],
  ])('tells the difference %s from other ones', (_, divide, isRight) => {
    const t = tensors(numbers);
    const r = tf.div(0.01, tf.norm(tf.tensor1d(v)));
    const step = tf.mul(r, tf.tensor1d(v));
    const gradientAt = (point: Tensor) => alphaGradient(loss, supernet, point, t.alpha, t.train).gradient;
    const difference = tf.sub(gradientAt(tf.add(t.w, step)), gradientAt(tf.sub(t.w, step)));
    expect(error(divide(difference, r), mixedProduct(train, w, alpha, v)) < 1e-3).toBe(isRight);
    const actual = hessianVectorProduct(loss, supernet, t.w, t.alpha, t.train, tf.tensor1d(v));
    expect(error(divide(difference, r), [...actual.dataSync()]) < 1e-5).toBe(isRight);
  });

  it('differentiates through the unrolled step', () => {
    const t = tensors(numbers);
    const { gradient, loss: value } = unrolledGradient(
      loss,
      supernet,
      t.w,
      t.alpha,
      t.train,
      t.validation,
      t.options,
    );
    expect(error(gradient, totalGradient(numbers))).toBeLessThan(1e-3);
    const atUnrolled = supernet.parameters.split(tf.tensor1d([...unrolled(numbers)]));
    expect(value.dataSync()[0]).toBeCloseTo(
      loss(atUnrolled, t.alpha, t.validation).loss.dataSync()[0] as number,
      4,
    );
    // Neither the direct part nor the first order alone is it.
    expect(error(gradient, gradientOfAlpha(validation, unrolled(numbers), alpha))).toBeGreaterThan(0.01);
    expect(error(gradient, gradientOfAlpha(validation, w, alpha))).toBeGreaterThan(0.01);
  });
});
