/** What is not chosen is not computed, and nothing else changes. */
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { type Branch, chosenBranch } from '../../src/nn/choice.ts';
import { bodiesOf, type Graph, graphNodes } from '../../src/onnx/ir.ts';
import { commonSubexpressions, identity, sinkIntoBranches } from '../../src/onnx/passes/index.ts';
import { verify } from '../../src/onnx/verify.ts';
import { float32, int32, type Tensors } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';
import { randomFeeds, run } from './support.ts';

const convolution = (filter: Tensor): Branch => ({
  parameters: [filter],
  value: (x, [w]) => tf.sigmoid(tf.conv2d(x, w as Tensor4D, 1, 'same')),
});

/** Two cells of one choice each, of three convolutions and the identity; one condition serves both cells. */
function loss({ which, x, a, b, c, d }: Tensors): Tensors {
  const flags = [0, 1, 2, 3].map((i) => tf.equal(which as Tensor, i));
  const cell = (image: Tensor, filters: readonly Tensor[]): Tensor4D =>
    chosenBranch(image as Tensor4D, flags, [
      ...filters.map(convolution),
      { parameters: [], value: (same) => same },
    ]);
  const objective = (...[image, ...filters]: Tensor[]): Scalar => {
    const first = cell(image as Tensor, filters.slice(0, 3));
    const second = cell(tf.tanh(first), filters.slice(1, 4));
    return tf.sum(tf.square(second)) as Scalar;
  };
  const { value, grads } = tf.valueAndGrads(objective)([x, a, b, c, d] as Tensor[]);
  return { loss: value, ...Object.fromEntries(grads.map((gradient, i) => [`gradient${i}`, gradient])) };
}

const filter = float32(3, 3, 2, 2);
const traced = trace(loss, {
  which: int32(),
  x: float32(2, 4, 5, 2),
  a: filter,
  b: filter,
  c: filter,
  d: filter,
});
const plain = identity(commonSubexpressions(identity(traced)));
const sunk = sinkIntoBranches(plain);

const convolutions = (graph: Graph): number =>
  graphNodes(graph).filter(({ op }) => op.startsWith('Conv')).length;

it('is a verified graph that computes the same, whichever branch is chosen', async () => {
  verify(sunk);
  for (const index of [0, 1, 2, 3]) {
    const feeds = {
      ...randomFeeds(plain),
      which: { type: { dtype: 'int32', shape: [] }, data: Int32Array.of(index) },
    } as const;
    expect(await run(sunk, feeds)).toEqual(await run(plain, feeds));
  }
});

it('leaves no convolution outside of the branches, and computes none twice', () => {
  expect(convolutions(plain)).toBeGreaterThan(0);
  expect(convolutions(sunk)).toBe(0);
  const inside = graphNodes(sunk).flatMap(bodiesOf).map(convolutions);
  expect(inside.reduce((sum, count) => sum + count, 0)).toBe(convolutions(plain));
  // Three convolutions and the identity, in two cells, forwards and backwards.
  expect(graphNodes(sunk).filter(({ op }) => op === 'If')).toHaveLength(16);
});

it('leaves a graph without branches as it is', () => {
  const graph = trace(({ x }) => ({ y: tf.relu(x as Tensor) }), { x: float32(3) });
  expect(sinkIntoBranches(graph)).toBe(graph);
});
