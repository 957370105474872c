import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type Context, declarations, sharing } from '../../src/nn/layers.ts';
import { ParameterTable } from '../../src/nn/parameters.ts';
import { type OperationName, operationNames } from '../../src/search/operation-names.ts';
import { operationOf, operations } from '../../src/search/operations.ts';
import { isReduction } from '../../src/search/skeleton-names.ts';
import { alphaShape, candidatesOf, searchSpace, spaceNames } from '../../src/search/spaces.ts';
import { tf } from '../../src/tfjs.ts';
import { normals } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

const channels = 4;
const [c, c2] = [channels, channels * channels];

function make(name: OperationName, stride: number, affine = false, normalizePools = true) {
  const parameters = new ParameterTable();
  const layer = operationOf(name).make(declarations(parameters, new ParameterTable()), {
    channels,
    stride,
    affine,
    normalizePools,
  });
  const context: Context = {
    parameter: ({ shape, name: key }) =>
      tf.tensor(
        normals(
          shape.reduce((a, b) => a * b, 1),
          key,
        ),
        [...shape],
      ),
    statistic: () => tf.zeros([channels]),
    normalization: 'batch',
    once: sharing(),
  };
  return { size: parameters.size, apply: (x: Tensor4D, weight?: Tensor) => layer(x, context, weight) };
}

const image = (h: number, w: number): Tensor4D => tf.tensor4d(normals(2 * h * w * c, h, w), [2, h, w, c]);

/** Weights at stride 1 and at stride 2, without the batch norms' gain and bias, and how many batch norms there are. */
const sizes: Record<OperationName, readonly [number, number, norms: readonly [number, number]]> = {
  none: [0, 0, [0, 0]],
  max_pool_3x3: [0, 0, [0, 0]],
  avg_pool_3x3: [0, 0, [0, 0]],
  skip_connect: [0, c2, [0, 1]],
  identity: [0, c2, [0, 1]],
  sep_conv_3x3: [2 * (9 * c + c2), 2 * (9 * c + c2), [2, 2]],
  sep_conv_5x5: [2 * (25 * c + c2), 2 * (25 * c + c2), [2, 2]],
  dil_conv_3x3: [9 * c + c2, 9 * c + c2, [1, 1]],
  dil_conv_5x5: [25 * c + c2, 25 * c + c2, [1, 1]],
  conv_3x3: [9 * c2, 9 * c2, [1, 1]],
  conv_5x5: [25 * c2, 25 * c2, [1, 1]],
  nor_conv_1x1: [c2, c2, [1, 1]],
  nor_conv_3x3: [9 * c2, 9 * c2, [1, 1]],
  noise: [0, 0, [0, 0]],
};

describe.each(operationNames)('%s', (name) => {
  it.each([1, 2])('has its weights, and halves an image at stride 2 (stride %d)', (stride) => {
    const [first, second, norms] = sizes[name];
    const weights = stride === 1 ? first : second;
    expect(make(name, stride).size).toBe(weights);
    expect(make(name, stride, true).size).toBe(weights + 2 * c * (norms[stride - 1] as number));
    for (const [h, w] of [
      [6, 6],
      [5, 7],
      [1, 2],
    ] as const) {
      const y = make(name, stride).apply(image(h, w));
      expect(y.shape).toEqual([2, Math.ceil(h / stride), Math.ceil(w / stride), c]);
    }
  });

  it.each([1, 2])('is weighed by a scalar on its way (stride %d)', (stride) => {
    const { apply } = make(name, stride);
    const plain = apply(image(6, 6)).dataSync();
    const weighed = apply(image(6, 6), tf.scalar(0.3)).dataSync();
    plain.forEach((y, i) => {
      expect(weighed[i]).toBeCloseTo(0.3 * y, 5);
    });
  });
});

describe('what passes a state on', () => {
  it.each(operationNames)('%s is an identity where it says so', (name) => {
    const x = image(4, 4);
    const isIdentity = make(name, 1).apply(x) === x;
    expect(isIdentity).toBe('identity' in operations[name]);
  });

  it('none is zeros', () => {
    expect(
      make('none', 2)
        .apply(image(4, 4))
        .dataSync()
        .every((value) => value === 0),
    ).toBe(true);
  });
});

describe('pools', () => {
  it.each(['max_pool_3x3', 'avg_pool_3x3'] as const)('%s is normalised in the search only', (name) => {
    const moments = (normalizePools: boolean): number[] => {
      const y = make(name, 1, false, normalizePools).apply(image(6, 6));
      const { mean, variance } = tf.moments(y, [0, 1, 2]);
      return [...mean.dataSync(), ...variance.dataSync()];
    };
    moments(true).forEach((moment, i) => {
      expect(moment).toBeCloseTo(i < c ? 0 : 1, 3);
    });
    expect(Math.abs((moments(false)[c] as number) - 1)).toBeGreaterThan(0.1);
  });

  it('are computed once for all edges that leave a state at one stride', () => {
    const parameters = new ParameterTable();
    const pool = (stride: number) =>
      operations.max_pool_3x3.make(declarations(parameters, new ParameterTable()), {
        channels,
        stride,
        affine: false,
        normalizePools: true,
      });
    const context: Context = {
      parameter: () => tf.scalar(0),
      statistic: () => tf.scalar(0),
      normalization: 'batch',
      once: sharing(),
    };
    const x = image(4, 4);
    expect(pool(1)(x, context)).toBe(pool(1)(x, context));
    expect(pool(2)(x, context)).not.toBe(pool(1)(x, context));
  });
});

describe('search spaces', () => {
  it('have their edges and operations, in the order of quark0/darts', () => {
    expect(candidatesOf(searchSpace('darts'), 0, 0)).toEqual([
      'none',
      'max_pool_3x3',
      'avg_pool_3x3',
      'skip_connect',
      'sep_conv_3x3',
      'sep_conv_5x5',
      'dil_conv_3x3',
      'dil_conv_5x5',
    ]);
    expect(Object.fromEntries(spaceNames.map((name) => [name, alphaShape(searchSpace(name))]))).toEqual({
      darts: [2, 14, 8],
      simple: [2, 14, 5],
      'nas-bench-201': [1, 6, 5],
      s1: [2, 14, 2],
      s2: [2, 14, 2],
      s3: [2, 14, 3],
      s4: [2, 14, 2],
    });
  });

  it.each(['', 'DARTS', 'toString'])('there is none named "%s"', (name) => {
    expect(() => searchSpace(name)).toThrow(`unknown search space "${name}": expected one of darts, simple`);
    expect(() => searchSpace(name)).toThrow(InputError);
  });
});

it.each([
  [1, [0]],
  [2, [0, 1]],
  [3, [1, 2]],
  [5, [1, 3]],
  [8, [2, 5]],
  [20, [6, 13]],
])('of %d cells %j reduce', (cells, expected) => {
  expect(Array.from({ length: cells }, (_, i) => i).filter((i) => isReduction(i, cells))).toEqual(expected);
});
