/** A node of partial channels against its definition, edge by edge. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { selectChannels } from '../../src/nn/channels.ts';
import { type Context, declarations, sharing } from '../../src/nn/layers.ts';
import { ParameterTable } from '../../src/nn/parameters.ts';
import { maxPoolPairs } from '../../src/nn/pooling.ts';
import { random } from '../../src/random.ts';
import { type EdgeWeights, mixedOperation } from '../../src/search/mixed-operation.ts';
import type { OperationName } from '../../src/search/operation-names.ts';
import { partialChannels, shuffledFrom } from '../../src/search/partial-channels.ts';
import { tf } from '../../src/tfjs.ts';
import { normals, relativeError } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

/** yuhuixu1993/PC-DARTS, channel_shuffle, for images [N, H, W, C]. */
function shuffle(x: Tensor4D, groups: number): Tensor4D {
  const [n, h, w, c] = x.shape;
  return tf.transpose(x.reshape([n, h, w, groups, c / groups]), [0, 1, 2, 4, 3]).reshape([n, h, w, c]);
}

const image = (key: string, h: number, w: number, c: number): Tensor4D =>
  tf.tensor4d(normals(2 * h * w * c, key), [2, h, w, c]);

const numbersOf = (x: Tensor): Float32Array => x.dataSync() as Float32Array;

it.each([
  [16, 4],
  [16, 2],
  [12, 3],
  [8, 8],
])('shuffles %d channels in %d groups as the authors do', (channels, k) => {
  const x = image('shuffle', 2, 3, channels);
  expect(numbersOf(selectChannels(x, shuffledFrom(channels, k)))).toEqual(numbersOf(shuffle(x, k)));
});

it('leaves channels out', () => {
  const x = image('left out', 2, 2, 3);
  const expected = tf.concat([x.slice([0, 0, 0, 2], [-1, -1, -1, 1]), tf.zeros([2, 2, 2, 1])], 3);
  expect(numbersOf(selectChannels(x, [2, undefined]))).toEqual(numbersOf(expected));
});

it('pools pairs, an odd size ending in what is left', () => {
  const x = tf.tensor4d([1, 5, 2, 4, 3, 9, 7, 8, 6], [1, 3, 3, 1]);
  expect([...numbersOf(maxPoolPairs(x))]).toEqual([5, 9, 8, 6]);
});

describe.each([
  ['of operations', ['none', 'max_pool_3x3', 'skip_connect', 'sep_conv_3x3'], 8, 8],
  ['of an odd size', ['avg_pool_3x3', 'dil_conv_3x3'], 7, 5],
  ['of nothing', ['none'], 6, 6],
] satisfies [string, OperationName[], number, number][])('a node %s', (_, operations, h, w) => {
  it.each([
    [4, [1, 1], true],
    [2, [2, 2], true],
    [2, [2, 2, 1], false],
    [1, [1, 1], false],
  ])('is, for k = %d and strides %j, the sum of its edges', (k, strides, hasBeta) => {
    const channels = 8;
    const context = (table: ParameterTable): Context => {
      const theta = tf.tensor1d(table.initialize(random(1)));
      const parameter = table.lookup(table.split(theta));
      return { parameter, statistic: parameter, normalization: 'batch', once: sharing() };
    };
    const declare = <T>(
      make: (at: ReturnType<typeof declarations>) => T,
    ): { made: T; table: ParameterTable } => {
      const table = new ParameterTable();
      return { made: make(declarations(table, new ParameterTable())), table };
    };
    const frames = (at: ReturnType<typeof declarations>, width: number) =>
      strides.map((stride, i) => ({
        at: at.at(`edge${i}`),
        operations,
        channels: width,
        stride,
        normalizePools: true,
      }));
    // Where an edge of stride 2 and one of stride 1 meet, their states have different sizes.
    const states = strides.map((stride, i) =>
      stride === 1 && strides.includes(2)
        ? image(`state${i}`, Math.ceil(h / 2), Math.ceil(w / 2), channels)
        : image(`state${i}`, h, w, channels),
    );
    const weights = strides.map(
      (__, i): EdgeWeights => ({
        operations: operations.map((name) => tf.scalar(normals(1, name, i)[0] as number)),
        ...(hasBeta && { edge: tf.scalar(normals(1, 'edge', i)[0] as number) }),
      }),
    );

    const node = declare((at) => partialChannels(k)(frames(at, channels)));
    const actual = node.made(states, weights, context(node.table));

    const edges = declare((at) => frames(at, channels / k).map(mixedOperation));
    const own = context(edges.table);
    const expected = edges.made.map((edge, i) => {
      const [x, stride] = [states[i] as Tensor4D, strides[i]];
      const part = channels / k;
      const seen = x.slice([0, 0, 0, 0], [-1, -1, -1, part]);
      const rest = x.slice([0, 0, 0, part], [-1, -1, -1, channels - part]);
      const passed = stride === 1 ? rest : maxPoolPairs(rest);
      const [n, height, width] = passed.shape;
      const mixed =
        edge(seen, weights[i] as EdgeWeights, own, undefined) ?? tf.zeros([n, height, width, part]);
      const joined = k === 1 ? mixed : shuffle(tf.concat([mixed, passed], 3), k);
      return tf.mul(joined, weights[i]?.edge ?? 1);
    });
    const sum = numbersOf(expected.reduce((a, b) => tf.add(a, b)));
    if (!actual) {
      // The supernet puts zeros there.
      expect(sum.every((x) => x === 0)).toBe(true);
      return;
    }
    expect(actual.shape).toEqual(expected[0]?.shape);
    expect(relativeError(numbersOf(actual), sum)).toBeLessThan(1e-5);
  });
});
