/** Splits of any number of parts as trees: the same parts, and no node with more outputs than allowed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/onnx/build.ts';
import { type Graph, graphNodes, inputValue } from '../../src/onnx/ir.ts';
import { limitOutputs } from '../../src/onnx/passes/index.ts';
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
