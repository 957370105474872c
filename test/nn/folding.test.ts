/** What several images side by side in the channels give is what they give one by one. */
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { foldImages, unfoldImages } from '../../src/nn/folding.ts';
import { type Context, declarations, sharing } from '../../src/nn/layers.ts';
import { ParameterTable } from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import { operationNames } from '../../src/search/operation-names.ts';
import { operationOf } from '../../src/search/operations.ts';
import { tf } from '../../src/tfjs.ts';
import { normals, relativeError } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

const numbersOf = (x: Tensor): Float32Array => x.dataSync() as Float32Array;

it('is undone by unfolding', () => {
  const x = tf.tensor4d(normals(6 * 2 * 3 * 4, 'fold'), [6, 2, 3, 4]);
  expect(foldImages(x, 3).shape).toEqual([2, 2, 3, 12]);
  expect(numbersOf(unfoldImages(foldImages(x, 3), 3))).toEqual(numbersOf(x));
  // The second image's channels come after the first one's.
  const [first, second] = [x.slice([0], [1]), x.slice([1], [1])];
  expect(numbersOf(foldImages(x, 3).slice([0, 0, 0, 0], [1, -1, -1, 8]))).toEqual(
    numbersOf(tf.concat([first, second], 3)),
  );
});

/** What depends on the image. */
const dependent = operationNames.filter((name) => name !== 'none' && name !== 'noise');

describe.each(dependent)('%s', (operation) => {
  it.each([
    [1, 6, 6],
    [2, 6, 6],
    [2, 5, 7],
  ])('at stride %d on %d×%d', (stride, h, w) => {
    const [channels, batch, images] = [4, 8, 4];
    const table = new ParameterTable();
    const at = declarations(table, new ParameterTable());
    const layer = operationOf(operation).make(at, { channels, stride, affine: false, normalizePools: true });
    const x = tf.tensor4d(normals(batch * h * w * channels, operation), [batch, h, w, channels]);
    const weight = tf.scalar(0.7);
    const theta = tf.tensor1d(table.size > 0 ? table.initialize(random(1)) : [0]);
    const run = (folded: boolean) => (image: Tensor, parameters: Tensor, scalar: Tensor) => {
      const parameter = table.lookup(table.split(parameters));
      const context: Context = { parameter, statistic: parameter, normalization: 'batch', once: sharing() };
      const y = folded
        ? unfoldImages(layer(foldImages(image as Tensor4D, images), { ...context, images }, scalar), images)
        : layer(image as Tensor4D, context, scalar);
      // Whatever is not symmetric in the pixels and the images.
      return tf.sum(tf.mul(y, tf.tensor(normals(y.size, 'dy'), y.shape)));
    };
    const point = (folded: boolean) => {
      const operands = table.size > 0 ? [x, theta, weight] : [x, weight];
      const f = run(folded);
      return tf.valueAndGrads(
        (...all: Tensor[]) =>
          (table.size > 0
            ? f(...(all as [Tensor, Tensor, Tensor]))
            : f(all[0] as Tensor, theta, all[1] as Tensor)) as Scalar,
      )(operands);
    };
    const [actual, expected] = [point(true), point(false)];
    expect(relativeError(numbersOf(actual.value), numbersOf(expected.value))).toBeLessThan(1e-4);
    expected.grads.forEach((gradient, i) => {
      expect(
        relativeError(numbersOf(actual.grads[i] as Tensor), numbersOf(gradient)),
        `gradient ${i}`,
      ).toBeLessThan(1e-4);
    });
  });
});
