import { describe, expect, it } from 'vitest';
import { DivergenceError } from '../../src/errors.ts';
import { accuracyOf, argMax, splitLogits } from '../../src/retrain/evaluate.ts';
import { numbered, numbersIn } from '../runs/datasets.ts';

describe('splitLogits', () => {
  const count = 11;
  const dataset = numbered(count);
  const [mean, std] = [(count - 1) / 2 / 255, Math.sqrt((count * count - 1) / 12) / 255];
  const batches: number[][] = [];
  /** Logits that say which image they belong to. */
  const classify = async (images: Float32Array): Promise<Float32Array> => {
    const numbers = numbersIn(images, count);
    batches.push(numbers);
    return Float32Array.from(numbers.flatMap((image) => [image, image + 100]));
  };

  it.each([
    [4, 11, 3],
    [11, 11, 1],
    [100, 11, 1],
    [4, 6, 2],
    [1, 3, 3],
  ])('in batches of %d, of the first %d images', async (batch, images, runs) => {
    batches.length = 0;
    const logits = await splitLogits(
      classify,
      dataset,
      dataset.test,
      { mean: [mean], std: [std] },
      batch,
      images,
    );
    expect(batches.map((numbers) => numbers.length)).toEqual(Array(runs).fill(batch));
    expect([...logits]).toEqual(Array.from({ length: images }, (_, i) => [i, i + 100]).flat());
  });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY])(
  'names no class where a network answers %s',
  async (logit) => {
    const dataset = numbered(5);
    const classify = async (): Promise<Float32Array> => Float32Array.of(1, 2, 3, logit, 5, 6);
    const normalization = { mean: [0], std: [1] };
    const logits = splitLogits(classify, dataset, dataset.test, normalization, 3);
    await expect(logits).rejects.toThrow(DivergenceError);
    await expect(logits).rejects.toThrow(
      `the network's output for image 2 of 5 is ${logit}: its training has diverged`,
    );
  },
);

describe('argMax', () => {
  it.each([
    [[1], 0],
    [[1, 3, 2], 1],
    [[-5, -4], 1],
    [[2, 2], 0],
  ])('of %j is %d', (row, expected) => expect(argMax(row)).toBe(expected));
});

describe('accuracyOf', () => {
  it.each([
    [[0, 1], 1],
    [[1, 1], 0.5],
    [[1, 0], 0],
  ])('with the labels %j is %d', (labels, expected) => {
    expect(accuracyOf(Float32Array.of(2, 1, -1, 3), labels, 2)).toBe(expected);
  });
});
