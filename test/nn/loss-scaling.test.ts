/** The loss scaling's state after good and bad steps. */
import { beforeAll, describe, expect, it } from 'vitest';
import { FailureError } from '../../src/errors.ts';
import { initialLossScale, lossScaling, requireLossScale } from '../../src/nn/loss-scaling.ts';
import { tf } from '../../src/tfjs.ts';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

const scaling = lossScaling('lossScale');

/** What is left of w = [1, 2] → [3, 4] where its gradient is `gradient`. */
function commit(
  gradient: readonly number[],
  lossScale: readonly number[],
): { w: number[]; lossScale: number[] } {
  const inputs = { w: tf.tensor([1, 2]), lossScale: tf.tensor([...lossScale]) };
  const next = scaling.committed({ w: tf.tensor([3, 4]) }, tf.tensor([...gradient]), inputs);
  return { w: [...(next.w?.dataSync() ?? [])], lossScale: [...(next.lossScale?.dataSync() ?? [])] };
}

describe('an update', () => {
  it.each([
    ['is made where the gradient is finite', [0.1, -0.2], [1024, 7], [3, 4], [1024, 8]],
    ['of zeros is one', [0, 0], [1024, 7], [3, 4], [1024, 8]],
    [
      'is left out, and the scale halved, where it is infinite',
      [0.1, -Infinity],
      [1024, 7],
      [1, 2],
      [512, 0],
    ],
    ['is left out where it is not a number', [Number.NaN, 0], [1024, 7], [1, 2], [512, 0]],
    ['doubles the scale after 2000 good ones', [1, 1], [1024, 1999], [3, 4], [2048, 0]],
    ['leaves the largest scale', [1, 1], [2 ** 24, 1999], [3, 4], [2 ** 24, 0]],
  ])('%s', (_, gradient, before, w, after) => {
    expect(commit(gradient, before)).toEqual({ w, lossScale: after });
  });

  it('without a scale is made as it is', () => {
    const next = { w: tf.tensor([Number.NaN]) };
    expect(scaling.committed(next, tf.tensor([Number.NaN]), {})).toBe(next);
    expect(scaling.signature('float32')).toEqual({});
  });
});

it('scaling and unscaling a loss changes nothing', () => {
  const inputs = { lossScale: tf.tensor(initialLossScale()) };
  const loss = tf.scalar(1.2345678);
  const scaled = scaling.scaled({ loss }, inputs);
  expect(scaled.loss.dataSync()[0]).toBe(Math.fround(1.2345678) * 65536);
  const gradient = tf.tensor([3 * 65536, 65536 / 3]);
  const back = scaling.unscaled({ ...scaled, gradient }, inputs);
  expect(back.loss.dataSync()).toEqual(loss.dataSync());
  expect([...back.gradient.dataSync()]).toEqual([3, Math.fround(1 / 3)]);
});

it('a scale below 1 ends the run', () => {
  expect(() => requireLossScale(undefined)).not.toThrow();
  expect(() => requireLossScale(Float32Array.of(1, 0))).not.toThrow();
  expect(() => requireLossScale(Float32Array.of(0.5, 0))).toThrow(FailureError);
});
