/** Random graphs of float32 values that stay small, for properties that hold for any graph. */

import fc from 'fast-check';
import type { Builder } from '../../src/onnx/build.ts';
import { elementCount, type Graph, type Value } from '../../src/onnx/ir.ts';
import { float32, graphOf } from './support.ts';

/** Chooses one of several things; the numbers behind it are what fast-check varies and shrinks. */
type Choose = <T>(candidates: readonly T[]) => T;

/** One step: a new value from one that is there already; undefined where the step does not apply. */
type Step = (builder: Builder, value: Value, choose: Choose, values: readonly Value[]) => Value | undefined;

const ramp = (builder: Builder, ...shape: number[]): Value => {
  const count = shape.reduce((product, size) => product * size, 1);
  return builder.constant(
    Float32Array.from({ length: count }, (_, i) => ((i * 7) % 11) / 11 - 0.4),
    float32(...shape),
  );
};

const shapeOf = (value: Value): number[] => value.type.shape.map(Number);

const steps: readonly Step[] = [
  (b, x, choose) => b.node(choose(['Tanh', 'Sigmoid', 'Identity', 'Neg', 'Relu'] as const), [x]),
  (b, x, choose, values) => {
    const same = values.filter((value) => String(value.type.shape) === String(x.type.shape));
    return b.node('Tanh', [b.node(choose(['Add', 'Mul', 'Sub', 'Max', 'Min'] as const), [x, choose(same)])]);
  },
  (b, x, choose) => b.node(choose(['Add', 'Mul'] as const), [x, b.float(choose([0, 0.5, 1, -1]))]),
  (b, x, choose) => b.node(choose(['Add', 'Mul'] as const), [x, ramp(b, shapeOf(x).at(-1) ?? 1)]),
  (b, x, choose) => {
    const axes = [...shapeOf(x).keys()];
    return b.node('Transpose', [x], {
      perm: choose([axes.toReversed(), [...axes.slice(1), ...axes.slice(0, 1)], axes]),
    });
  },
  (b, x, choose) => b.node('Reshape', [x, b.ints(choose([[-1], [2, -1], [1, 2, -1], shapeOf(x)]))]),
  (b, x, choose) => {
    if (!shapeOf(x).every((size) => size > 1)) return undefined;
    const [start, end, step] = choose([
      [0, 1000, 1],
      [1, 1000, 1],
      [-1, -1000, -1],
      [0, -1, 2],
    ]);
    return b.node('Slice', [x, b.ints([start ?? 0]), b.ints([end ?? 0]), b.ints([0]), b.ints([step ?? 1])]);
  },
  (b, x, choose) => {
    const amount = choose([0, 0, 2]);
    return b.node('Pad', [x, b.ints(shapeOf(x).flatMap(() => [amount, amount])), b.float(0.5)]);
  },
  (b, x, choose) => b.node('Concat', choose([[x], [x, x], [x, ramp(b, ...shapeOf(x))]]), { axis: 0 }),
  (b, x) => b.node('MatMul', [b.node('Reshape', [x, b.ints([-1, 2])]), ramp(b, 2, 3)]),
  (b, x) => {
    const rows = b.node('Reshape', [x, b.ints([-1, 2])]);
    return b.node('Add', [b.node('MatMul', [rows, ramp(b, 2, 3)]), ramp(b, 3)]);
  },
  (b, x) => {
    const image = b.node('Reshape', [x, b.ints([1, 2, -1, 1])]);
    const convolved = b.node('Conv', [image, ramp(b, 3, 2, 3, 1)], { pads: [1, 0, 1, 0] });
    const variance = b.node('Mul', [ramp(b, 3), ramp(b, 3)]);
    return b.node('BatchNormalization', [convolved, ramp(b, 3), ramp(b, 3), ramp(b, 3), variance], {
      epsilon: { float: 0.1 },
    });
  },
  (b, x) =>
    b.node('Mul', [x, b.node('Sqrt', [b.node('Reshape', [b.node('Transpose', [b.float(4)]), b.ints([1])])])]),
  (b) =>
    b.node('Slice', [
      b.node('Transpose', [ramp(b, 4, 3)]),
      b.ints([2]),
      b.ints([-1000]),
      b.ints([0]),
      b.ints([-2]),
    ]),
];

const elementLimit = 500;

/** A graph made of some steps; each number decides one thing. */
function graphOfChoices(choices: readonly number[]): Graph {
  let next = 0;
  const choose: Choose = (candidates) => {
    const candidate = candidates[(choices[next++ % choices.length] ?? 0) % candidates.length];
    if (candidate === undefined) throw new Error('nothing to choose from');
    return candidate;
  };
  return graphOf(
    { x: float32(2, 3, 4), y: float32(2, 6) },
    (builder, { x, y }) => {
      const values: Value[] = [x, y];
      for (let count = 0; count < choices.length / 3; count++) {
        const from = choose(values);
        const value = choose(steps)(builder, from, choose, values);
        // Steps that split in two need an even number of elements.
        if (value && elementCount(value.type) % 2 === 0 && elementCount(value.type) < elementLimit)
          values.push(value);
      }
      return Object.fromEntries(values.slice(-3).map((value, index) => [`result${index}`, value]));
    },
    () => ['', 'stem', 'cell 0/edge→1', 'cell 0'][next % 4] ?? '',
  );
}

export const randomGraphs = (): fc.Arbitrary<Graph> =>
  fc.array(fc.nat({ max: 999 }), { minLength: 3, maxLength: 60 }).map(graphOfChoices);
