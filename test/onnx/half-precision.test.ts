/** What computes in float16 and what in float32, and where values are cast. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Graph, graphNodes, type TensorType, type Value } from '../../src/onnx/ir.ts';
import { halfPrecision } from '../../src/onnx/passes/index.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { verify } from '../../src/onnx/verify.ts';
import { randomGraphs } from './random-graph.ts';
import { difference, float32, graphOf, randomFeeds, run } from './support.ts';

type Body = Parameters<typeof graphOf>[1];

/** The graph in mixed precision, checked. */
function mixed(inputs: Readonly<Record<string, TensorType>>, body: Body): Graph {
  const graph = graphOf(inputs, body);
  const result = halfPrecision(graph);
  verify(result);
  expect(result.outputs.map(({ value }) => value.type)).toEqual(graph.outputs.map(({ value }) => value.type));
  return result;
}

const count = (graph: Graph, op: string): number => graphNodes(graph).filter((node) => node.op === op).length;

const image = float32(2, 3, 4, 4);
const filters = float32(3, 3, 3, 3);
const same = { pads: [1, 1, 1, 1] };

test('convolutions and what lies between them are float16, sums are float32', () => {
  const graph = mixed(
    { image, a: filters, b: filters, scale: float32(1, 3, 1, 1) },
    (g, { image, a, b, scale }) => {
      const x = g.node('Conv', [image as Value, a as Value], same);
      const scaled = g.node('Relu', [g.node('Mul', [x, scale as Value])]);
      const square = g.node('Mul', [x, x]);
      return {
        y: g.node('Conv', [scaled, b as Value], same),
        squares: g.node('ReduceSum', [square, g.ints([0, 2, 3])], { keepdims: 0 }),
      };
    },
  );
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph test(image: float32[2,3,4,4], a: float32[3,3,3,3], b: float32[3,3,3,3], scale: float32[1,3,1,1]) -> (y: float32[2,3,4,4], squares: float32[3])
      v0 = Cast(image, to=10)                         : float16[2,3,4,4]
      v1 = Cast(a, to=10)                             : float16[3,3,3,3]
      v2 = Conv(v0, v1, pads=[1,1,1,1])               : float16[2,3,4,4]
      v3 = Cast(scale, to=10)                         : float16[1,3,1,1]
      v4 = Mul(v2, v3)                                : float16[2,3,4,4]
      v5 = Relu(v4)                                   : float16[2,3,4,4]
      v6 = Cast(v2, to=1)                             : float32[2,3,4,4]
      v7 = Mul(v6, v6)                                : float32[2,3,4,4]
      v8 = Cast(b, to=10)                             : float16[3,3,3,3]
      v9 = Conv(v5, v8, pads=[1,1,1,1])               : float16[2,3,4,4]
      squares = ReduceSum(v7, [0, 2, 3], keepdims=0)  : float32[3]
      y = Cast(v9, to=1)                              : float32[2,3,4,4]"
  `);
});

test('what is cut out of a vector is cast once, as a whole', () => {
  const graph = mixed({ image, theta: float32(162) }, (g, { image, theta }) => {
    const pieces = g.nodes('Split', [theta as Value, g.ints([81, 81])], { axis: 0 }, 2);
    const [a, b] = pieces.map((piece) => g.node('Reshape', [piece, g.ints([3, 3, 3, 3])])) as [Value, Value];
    const y = g.node('Conv', [g.node('Conv', [image as Value, a], same), b], same);
    return { y, decay: g.node('ReduceSum', [theta as Value], { keepdims: 0 }) };
  });
  // The image, θ, and the output.
  expect(count(graph, 'Cast')).toBe(3);
});

test('a step too steep for float16 is a comparison', () => {
  const steep = { alpha: { float: 3e38 }, beta: { float: 0 } };
  const graph = mixed({ image, w: filters }, (g, { image, w }) => {
    const x = g.node('Conv', [image as Value, w as Value], same);
    const mask = g.node('HardSigmoid', [x], steep);
    return { y: g.node('Conv', [g.node('Mul', [x, mask]), w as Value], same) };
  });
  expect([count(graph, 'HardSigmoid'), count(graph, 'Greater')]).toEqual([0, 1]);
});

test.each([1e-9, 1e6])('the constant %d stays float32, and what reads it', (constant) => {
  const graph = mixed({ image, w: filters }, (g, { image, w }) => {
    const x = g.node('Conv', [image as Value, w as Value], same);
    return { y: g.node('Conv', [g.node('Mul', [x, g.float(constant)]), w as Value], same) };
  });
  expect(graphNodes(graph).find(({ op }) => op === 'Mul')?.outputs[0]?.type.dtype).toBe('float32');
});

describe('any graph', () => {
  test('keeps its types, and its values but for rounding', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), async (graph) => {
        const result = halfPrecision(graph);
        verify(result);
        expect(result.outputs.map(({ value }) => value.type)).toEqual(
          graph.outputs.map(({ value }) => value.type),
        );
        const feeds = randomFeeds(graph);
        expect(difference(await run(graph, feeds), await run(result, feeds))).toBeLessThan(0.1);
      }),
      { numRuns: 60 },
    );
  });

  test('without products stays as it is', () => {
    const graph = graphOf({ x: float32(2, 3) }, (b, { x }) => ({ y: b.node('Relu', [x as Value]) }));
    expect(graphNodes(halfPrecision(graph))).toEqual(graphNodes(graph));
  });
});
