/** Random graphs over images of a batch, in which several images go through the same steps side by side. */

import fc from 'fast-check';
import type { Builder } from '../../src/onnx/build.ts';
import type { Graph, Value } from '../../src/onnx/ir.ts';
import { float32, graphOf } from './support.ts';

interface ImageSizes {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
}

interface Filters {
  readonly depthwise: readonly Value[];
  readonly pointwise: readonly Value[];
  readonly vectors: readonly Value[];
}

type Choose = <T>(candidates: readonly T[]) => T;

/** An image from an image, of the same shape. */
type Step = (
  b: Builder,
  x: Value,
  other: Value,
  filters: Filters,
  choose: Choose,
  sizes: ImageSizes,
) => Value;

const squash = (b: Builder, x: Value): Value => b.node('HardSigmoid', [x]);

const overBatch = (b: Builder, x: Value): Value => b.node('ReduceSum', [x, b.ints([0])], { keepdims: 0 });

const steps: readonly Step[] = [
  (b, x, _, { depthwise }, choose, { c }) => {
    const reach = choose([1, 2]);
    const pads = [reach, reach, reach, reach];
    const dilations = [reach, reach];
    return b.node('Conv', [x, choose(depthwise)], { kernel_shape: [3, 3], pads, dilations, group: c });
  },
  (b, x, _, { pointwise }, choose) => b.node('Conv', [x, choose(pointwise)], { kernel_shape: [1, 1] }),
  (b, x, other, _, choose) => squash(b, b.node(choose(['Add', 'Mul', 'Sub', 'Max'] as const), [x, other])),
  (b, x, _, { vectors }, choose) => b.node(choose(['Add', 'Mul'] as const), [x, choose(vectors)]),
  (b, x, _, __, choose) => b.node(choose(['Add', 'Mul'] as const), [x, b.float(choose([0.5, -1]))]),
  (b, x, _, __, choose) => b.node(choose(['Relu', 'HardSigmoid', 'Neg'] as const), [x]),
  (b, x) => {
    const rows = b.node('Slice', [x, b.ints([1]), b.ints([1000]), b.ints([2])]);
    return b.node('Pad', [rows, b.ints([0, 0, 1, 0, 0, 0, 0, 0])]);
  },
  (b, x, _, __, choose) => {
    const pads = [1, 1, 1, 1];
    return b.node(choose(['AveragePool', 'MaxPool'] as const), [x], { kernel_shape: [3, 3], pads });
  },
  // Normalised by sums over pixels and batch.
  (b, x, _, __, choose, { n, c, h, w }) => {
    const keepdims = choose([0, 1]);
    const sums = b.node('ReduceSum', [x, b.ints([2, 3])], { keepdims });
    const means = b.node('Mul', [overBatch(b, sums), b.float(1 / (n * h * w))]);
    return b.node('Sub', [x, b.node('Reshape', [means, b.ints([1, c, 1, 1])])]);
  },
  // What the gradient of a depthwise filter is made of.
  (b, x, other, _, __, { n, c, h, w }) => {
    const image = b.node('Reshape', [x, b.ints([1, n * c, h, w])]);
    const filter = b.node('Reshape', [other, b.ints([n * c, 1, h, w])]);
    const pads = [1, 1, 1, 1];
    const taps = b.node('Conv', [image, filter], { kernel_shape: [h, w], pads, group: n * c });
    const sums = overBatch(b, b.node('Reshape', [taps, b.ints([n, c, 3, 3])]));
    const center = b.node('Slice', [sums, b.ints([1, 1]), b.ints([2, 2]), b.ints([1, 2])]);
    return b.node('Add', [x, squash(b, b.node('Reshape', [center, b.ints([1, c, 1, 1])]))]);
  },
  // And of a pointwise one.
  (b, x, other, _, __, { n, c, h, w }) => {
    const [left, right] = [x, other].map((image) => b.node('Reshape', [image, b.ints([n, c, h * w])])) as [
      Value,
      Value,
    ];
    const product = b.node('MatMul', [left, b.node('Transpose', [right], { perm: [0, 2, 1] })]);
    const row = b.node('Slice', [overBatch(b, product), b.ints([0]), b.ints([1]), b.ints([1])]);
    return b.node('Add', [x, squash(b, b.node('Reshape', [row, b.ints([1, c, 1, 1])]))]);
  },
];

/** Images beside one another, all or some of them put through each of the steps. */
function graphOfChoices(sizes: ImageSizes, count: number, choices: readonly number[]): Graph {
  let next = 0;
  const choose: Choose = (candidates) =>
    candidates[(choices[next++ % choices.length] as number) % candidates.length] as (typeof candidates)[0];
  const { n, c, h, w } = sizes;
  const many = <T>(make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const types = Object.fromEntries(
    many((i) => [
      [`image${i}`, float32(n, c, h, w)],
      [`depthwise${i}`, float32(c, 1, 3, 3)],
      [`pointwise${i}`, float32(c, c, 1, 1)],
      [`vector${i}`, float32(1, c, 1, 1)],
    ]).flat() as [string, ReturnType<typeof float32>][],
  );
  return graphOf(types, (b, inputs) => {
    const named = (name: string): Value[] => many((i) => inputs[`${name}${i}`] as Value);
    const filters = {
      depthwise: named('depthwise'),
      pointwise: named('pointwise'),
      vectors: named('vector'),
    };
    // A pool opens the images: from here on they are known as such.
    let images = named('image').map((x) => b.node('AveragePool', [x], { kernel_shape: [1, 1] }));
    for (let round = 0; round < choices.length / 6; round++) {
      const step = choose(steps);
      const skipped = choose([-1, -1, 0, 1]);
      images = images.map((x, i) =>
        i === skipped ? x : squash(b, step(b, x, choose(images), filters, choose, sizes)),
      );
      // A node of a cell: the sum of several images, some of them twice.
      if (choose([false, true])) {
        const terms = Array.from({ length: choose([2, 4, 5, 9]) }, () => choose(images));
        const total = terms.reduce((sum, x) => b.node('Add', [sum, x]));
        images = images.map((x, i) => (i === 0 ? squash(b, total) : x));
      }
    }
    return Object.fromEntries(images.map((image, i) => [`y${i}`, image]));
  });
}

export const randomImageGraphs = (): fc.Arbitrary<Graph> =>
  fc
    .tuple(
      fc.record({
        n: fc.integer({ min: 1, max: 4 }),
        c: fc.integer({ min: 1, max: 4 }),
        h: fc.integer({ min: 3, max: 6 }),
        w: fc.integer({ min: 3, max: 6 }),
      }),
      fc.integer({ min: 2, max: 6 }),
      fc.array(fc.nat({ max: 999 }), { minLength: 3, maxLength: 48 }),
    )
    .map(([sizes, count, choices]) => graphOfChoices(sizes, count, choices));
