/** Passes for devices that lack something: Splits of many parts, and bools that are moved. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/onnx/build.ts';
import { type Graph, graphNodes, inputValue } from '../../src/onnx/ir.ts';
import { boolsAsNumbers, limitOutputs } from '../../src/onnx/passes/index.ts';
import { verify } from '../../src/onnx/verify.ts';
import { difference, float32, graphOf, run } from './support.ts';

const splitting = (sizes: readonly number[], axis: number): Graph => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return graphOf({ x: float32(...(axis === 0 ? [total, 2] : [2, total])) }, (b, { x }) => {
    const parts = b.nodes('Split', [x, b.ints(sizes)], { axis }, sizes.length);
    return Object.fromEntries(parts.map((part, index) => [`y${index}`, b.node('Neg', [part])]));
  });
};

const outputsOf = (graph: Graph): number[] => graphNodes(graph).map(({ outputs }) => outputs.length);

test('any split', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.constantFrom(0, 1),
      fc.integer({ min: 2, max: 9 }),
      async (parts, axis, most) => {
        const graph = splitting(parts, axis);
        const limited = limitOutputs(most)(graph);
        verify(limited);
        expect(Math.max(...outputsOf(limited))).toBeLessThanOrEqual(most);
        expect(difference(await run(graph), await run(limited))).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test('what is within the limit stays', () => {
  const graph = splitting([1, 2, 3], 0);
  expect(limitOutputs(3)(graph)).toBe(graph);
  expect(limitOutputs(Number.POSITIVE_INFINITY)(splitting(Array(300).fill(1), 0))).toBeDefined();
});

test('branches are no exception', () => {
  const branch = splitting(Array(20).fill(1), 0);
  const [whole] = branch.inputs;
  const condition = inputValue('c', { dtype: 'bool', shape: [] });
  const x = inputValue('x', float32(20, 2));
  if (!whole) throw new Error('the branch takes nothing');
  const attributes = { then_branch: { graph: branch }, else_branch: { graph: branch } };
  const results = createBuilder().nodes('If', [condition, x], attributes, branch.outputs.length);
  const graph: Graph = {
    name: 'branches',
    inputs: [condition, x],
    outputs: results.map((value, index) => ({ name: `y${index}`, value })),
  };
  for (const node of graphNodes(limitOutputs(7)(graph))) {
    for (const attribute of Object.values(node.attributes)) {
      if (typeof attribute !== 'object' || !('graph' in attribute)) throw new Error('not a branch');
      expect(Math.max(...outputsOf(attribute.graph))).toBeLessThanOrEqual(7);
    }
  }
});

/** Masks of two images, joined, reordered and cut; and a vector of bools. */
const masks = (): Graph =>
  graphOf({ x: float32(2, 3), y: float32(2, 3) }, (b, { x, y }) => {
    const [first, second] = [x, y].map((value) => b.node('Greater', [value as never, b.float(0)]));
    const joined = b.node('Concat', [first as never, second as never], { axis: 0 });
    const turned = b.node('Transpose', [joined], { perm: [1, 0] });
    const parts = b.nodes('Split', [turned, b.ints([1, 2])], { axis: 0 }, 2);
    const vector = b.node(
      'Concat',
      [b.node('Reshape', [joined, b.ints([12])]), b.node('Reshape', [turned, b.ints([12])])],
      { axis: 0 },
    );
    const numbers = (value: (typeof parts)[number]) => b.node('Cast', [value], { to: 1 });
    return { a: numbers(parts[0] as never), b: numbers(parts[1] as never), v: numbers(vector) };
  });

test('bools are moved as numbers, vectors of them as they are', async () => {
  const graph = masks();
  const moved = boolsAsNumbers(graph);
  verify(moved);
  expect(difference(await run(graph), await run(moved))).toBe(0);
  const movers = graphNodes(moved).filter(({ op }) => ['Concat', 'Transpose', 'Split'].includes(op));
  expect(movers.map(({ outputs }) => outputs[0]?.type.dtype)).toEqual([
    'float32',
    'float32',
    'float32',
    'bool',
  ]);
  const without = splitting([1, 2], 0);
  expect(boolsAsNumbers(without)).toBe(without);
});
