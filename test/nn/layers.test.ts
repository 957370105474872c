import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  batchNorm,
  type Context,
  declarations,
  factorizedReduce,
  relu,
  sharing,
} from '../../src/nn/layers.ts';
import { epsilon } from '../../src/nn/normalize.ts';
import { type Parameter, ParameterTable } from '../../src/nn/parameters.ts';
import { tf } from '../../src/tfjs.ts';
import { normals } from './differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

const near = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((x, i) => {
    expect(actual[i]).toBeCloseTo(x, 5);
  });
};

/** Values by name, for parameters and statistics alike. */
const lookup =
  (values: Readonly<Record<string, readonly number[]>>) =>
  ({ name, shape }: Parameter): Tensor =>
    tf.tensor([...(values[name] as readonly number[])], [...shape]);

const contextOf = (
  values: Readonly<Record<string, readonly number[]>>,
  normalization: Context['normalization'],
  record?: Context['record'],
): Context => ({
  parameter: lookup(values),
  statistic: lookup(values),
  normalization,
  once: sharing(),
  ...(record && { record }),
});

describe('batchNorm', () => {
  const values = { 'n/gain': [2, 3], 'n/bias': [-1, 0.5], 'n/mean': [0.25, -4], 'n/variance': [9, 0.04] };
  /** Channel by channel. */
  const pixels = [0, 1].map((channel) => [...normals(12, 'pixels', channel)].map((x) => 3 * x + channel));
  const x = (): Tensor4D => tf.transpose(tf.tensor(pixels.flat(), [2, 1, 3, 4]), [1, 2, 3, 0]) as Tensor4D;
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const squares = (numbers: readonly number[]): number =>
    numbers.reduce((sum, n) => sum + (n - mean(numbers)) ** 2, 0);
  const layerOf = (isAffine: boolean) =>
    batchNorm(declarations(new ParameterTable(), new ParameterTable()).at('n'), 2, isAffine);
  const byChannel = (y: Tensor4D): number[] => Array.from(tf.transpose(y, [3, 0, 1, 2]).dataSync());

  it.each([
    ['with gain and bias', true],
    ['alone', false],
  ])("in training normalises by the batch's biased variance, %s", (_, isAffine) => {
    const y = byChannel(layerOf(isAffine)(x(), contextOf(values, 'batch')));
    const expected = pixels.flatMap((channel, c) => {
      const deviation = Math.sqrt(squares(channel) / channel.length + epsilon);
      const [gain, bias] = isAffine ? [values['n/gain'][c] as number, values['n/bias'][c] as number] : [1, 0];
      return channel.map((pixel) => (gain * (pixel - mean(channel))) / deviation + bias);
    });
    near(y, expected);
  });

  it('records 0.9·old + 0.1·batch, the variance unbiased', () => {
    const recorded: Record<string, Float32Array> = {};
    const record = ({ name }: Parameter, value: Tensor): void => {
      recorded[name] = value.dataSync() as Float32Array;
    };
    layerOf(true)(x(), contextOf(values, 'batch', record));
    expect(Object.keys(recorded).sort()).toEqual(['n/mean', 'n/variance']);
    near(
      recorded['n/mean'] ?? [],
      pixels.map((channel, c) => 0.9 * (values['n/mean'][c] as number) + 0.1 * mean(channel)),
    );
    near(
      recorded['n/variance'] ?? [],
      pixels.map((channel, c) => 0.9 * (values['n/variance'][c] as number) + 0.1 * (squares(channel) / 11)),
    );
  });

  it('in use normalises by the running statistics', () => {
    const y = byChannel(layerOf(true)(x(), contextOf(values, 'running')));
    const expected = pixels.flatMap((channel, c) => {
      const [gain, bias] = [values['n/gain'][c] as number, values['n/bias'][c] as number];
      const deviation = Math.sqrt((values['n/variance'][c] as number) + epsilon);
      return channel.map((pixel) => (gain * (pixel - (values['n/mean'][c] as number))) / deviation + bias);
    });
    near(y, expected);
  });
});

describe('factorizedReduce', () => {
  /** Filters that copy the only channel: what is left is the geometry. */
  it.each([
    [
      'an even size',
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      [
        [1, 6],
        [3, 8],
      ],
    ],
    [
      'an odd size, padded by a zero',
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      [
        [1, 5],
        [3, 0],
        [7, 0],
        [9, 0],
      ],
    ],
  ])('takes the even pixels and the odd ones of %s', (_, plane, expected) => {
    const at = declarations(new ParameterTable(), new ParameterTable()).at('r');
    const layer = factorizedReduce(at, 1, 2, false);
    // The norm keeps the order of equal channels; it is undone below.
    const values = {
      'r/even/filter': [1],
      'r/odd/filter': [1],
      'r/mean': [0, 0],
      'r/variance': [1 - epsilon, 1 - epsilon],
    };
    const x = tf.tensor4d(plane.flat(), [1, plane.length, plane[0]?.length ?? 0, 1]);
    const y = layer(x, contextOf(values, 'running'));
    expect(y.shape).toEqual([1, Math.ceil(plane.length / 2), Math.ceil((plane[0]?.length ?? 0) / 2), 2]);
    near(y.dataSync(), expected.flat());
  });
});

describe('sharing', () => {
  it('computes a value once a tensor and key', () => {
    const context = contextOf({}, 'batch');
    const [a, b] = [tf.ones([1, 1, 1, 1]), tf.ones([1, 1, 1, 1])] as [Tensor4D, Tensor4D];
    expect(relu(a, context)).toBe(relu(a, context));
    expect(relu(a, context)).not.toBe(relu(b, context));
    expect(context.once('other', a, () => b)).toBe(b);
    expect(relu(a, contextOf({}, 'batch'))).not.toBe(relu(a, context));
  });
});
