/** Operations in any order: the layouts that one leaves are those that the next one finds. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { describe, test } from 'vitest';
import { type Random, random } from '../../src/random.ts';
import { tf } from '../../src/tfjs.ts';
import { checkOp, op, type Row } from './check-op.ts';
import { image, normal } from './inputs.ts';

type Operation = (x: Tensor4D, random: Random) => Tensor;

const channelsOf = (x: Tensor4D): number => x.shape[3];
const vectorFor = (x: Tensor4D, draw: Random): Tensor =>
  tf.tensor1d(Array.from({ length: channelsOf(x) }, () => draw.normal()));
const filterFor = (x: Tensor4D, draw: Random, filters: number): Tensor4D => {
  const shape: [number, number, number, number] = [3, 3, channelsOf(x), filters];
  const size = 9 * channelsOf(x) * filters;
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => draw.normal() / (3 * Math.sqrt(channelsOf(x)))),
    shape,
  );
};

/** Half of the elements of an axis, from a random place on. */
const half: Operation = (x, draw) => {
  const axis = draw.integer(4);
  const size = x.shape[axis] as number;
  const kept = Math.max(1, size >> 1);
  const begin = [0, 0, 0, 0].with(axis, draw.integer(2) * (size - kept));
  return tf.slice(x, begin, [...x.shape].with(axis, kept));
};

/** Without those whose gradients tfjs gets wrong: running sums along other axes, average pools with padding. */
const operations: readonly Operation[] = [
  (x) => tf.tanh(x),
  (x) => tf.relu(x),
  (x, draw) => tf.mul(x, vectorFor(x, draw)),
  (x, draw) => tf.add(x, tf.mul(vectorFor(x, draw), tf.mean(x, [1, 2], true))),
  (x) => tf.sub(x, tf.mean(x, [0, 1, 2])),
  (x) => tf.mul(x, tf.sigmoid(tf.mean(x, 3, true))),
  (x) => tf.div(x, tf.add(tf.sqrt(tf.sum(tf.square(x), [0, 2], true)), 1)),
  (x) => tf.expandDims(tf.mean(tf.stack([x, tf.sin(x)]), 0), 0).squeeze([0]),
  (x, draw) => tf.concat([x, tf.cos(x)], draw.integer(4)),
  (x, draw) => tf.reverse(x, draw.integer(4)),
  (x, draw) =>
    tf.pad(
      x,
      [0, 1, 2, 3].map((axis) => (axis === draw.integer(4) ? [1, 2] : [0, 0])),
    ),
  (x) => tf.transpose(x, [0, 2, 1, 3]),
  (x) => tf.transpose(x, [0, 3, 1, 2]),
  (x) => tf.transpose(x, [0, 2, 3, 1]),
  (x) => tf.reshape(x, [x.shape[0], x.shape[1] * x.shape[2], 1, x.shape[3]]),
  (x) => tf.reshape(x, [x.shape[0], x.shape[3], x.shape[2], x.shape[1]]),
  (x) => tf.softmax(x),
  (x) => tf.cumsum(tf.mul(x, 0.3), 3),
  half,
  half,
  (x) => tf.maxPool(x, 2, 1, 'same'),
  (x) => (x.shape[1] > 1 ? tf.avgPool(x, [2, 1], 1, 'valid') : x),
  (x, draw) => tf.conv2d(x, filterFor(x, draw, 16), 1, 'same'),
  (x, draw) => tf.conv2d(x, filterFor(x, draw, 5), 2, 'same'),
  (x, draw) => tf.depthwiseConv2d(x, filterFor(x, draw, 1), 1, 'same'),
];

/** Images do not grow beyond this many elements. */
const largest = 20_000;

function chain(seed: number): Row {
  const names = random(seed, 'chain');
  const picks = Array.from({ length: 3 + names.integer(4) }, () => names.integer(operations.length));
  const run = (x: Tensor): Tensor =>
    picks.reduce<Tensor>((y, pick, place) => {
      const next = (operations[pick] as Operation)(y as Tensor4D, random(seed, place));
      return next.size > largest ? y : next;
    }, x);
  const input = seed % 2 === 0 ? image(2, 4, 6, 16) : { ...normal(2, 3, 16, 4) };
  return op(`${seed}: ${picks.join(', ')}`, [input], run, { gradient: 'eager', tolerance: 1e-3 });
}

const count = 40;

describe('chains of operations', () => {
  for (const row of Array.from({ length: count }, (_, seed) => chain(seed))) {
    test(row.name, () => checkOp(row));
  }
});
