import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataTypeNumbers } from '../../src/onnx/data-types.ts';
import type { DataType, Graph, Value } from '../../src/onnx/ir.ts';
import { constantValue, graphNodes } from '../../src/onnx/ir.ts';
import type { OperatorName } from '../../src/onnx/operators.ts';
import {
  commonSubexpressions,
  constantFolding,
  foldBatchNorm,
  fuseBias,
  fuseConvolution,
  identity,
  optimize,
  optimizeForInference,
  pickByConvolution,
  stackImages,
  stackSmall,
} from '../../src/onnx/passes/index.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { verify } from '../../src/onnx/verify.ts';
import { randomGraphs } from './random-graph.ts';
import { randomImageGraphs } from './random-images.ts';
import { difference, float32, graphOf, randomFeeds, run } from './support.ts';

describe('any graph computes the same before and after', () => {
  const passes = {
    commonSubexpressions,
    constantFolding,
    foldBatchNorm,
    fuseBias,
    fuseConvolution,
    identity,
    pickByConvolution,
    optimize,
    optimizeForInference,
    stackImages,
    stackSmall,
  };
  test.each(Object.entries(passes))('%s', async (_, pass) => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), async (graph) => {
        const before = printGraph(graph);
        const result = pass(graph);
        verify(result);
        expect(printGraph(graph)).toBe(before);
        expect(graphNodes(result).length).toBeLessThanOrEqual(graphNodes(graph).length);
        expect(difference(await run(graph), await run(result, randomFeeds(graph)))).toBeLessThan(1e-4);
      }),
      { numRuns: 60 },
    );
  });

  test('a pass leaves a graph alone in which it finds nothing to do', () => {
    const graph = graphOf({ x: float32(2, 3) }, (b, { x }) => ({ y: b.node('Relu', [x]) }));
    for (const pass of Object.values(passes)) expect(graphNodes(pass(graph))).toEqual(graphNodes(graph));
  });
});

test('common subexpressions and equal constants are kept once', () => {
  const weights = new Float32Array(100);
  const graph = graphOf({ x: float32(1, 10) }, (b, { x }) => {
    const product = () => b.node('MatMul', [x, b.constant(weights, float32(10, 10))]);
    const one = () => constantValue(Float32Array.of(1), float32(1));
    const sums = [0, 1].map(() => b.node('Add', [product(), one()]));
    return { y: b.node('Max', [...sums, b.node('Softmax', [product()], { axis: 1 })]) };
  });
  expect(printGraph(commonSubexpressions(graph))).toMatchInlineSnapshot(`
    "graph test(x: float32[1,10]) -> (y: float32[1,10])
      v0 = MatMul(x, float32[10,10]{…})  : float32[1,10]
      v1 = Add(v0, [1])                  : float32[1,10]
      v2 = Softmax(v0, axis=1)           : float32[1,10]
      y = Max(v1, v1, v2)                : float32[1,10]"
  `);
});

test('nodes that do nothing go, Reshapes and Transposes are joined', () => {
  const graph = graphOf({ x: float32(2, 3, 4) }, (b, { x }) => {
    const same = b.node('Pad', [
      b.node('Slice', [b.node('Cast', [b.node('Identity', [x])], { to: 1 }), b.ints([0]), b.ints([99])]),
      b.ints([0, 0, 0, 0, 0, 0]),
    ]);
    const back = b.node('Transpose', [b.node('Transpose', [same], { perm: [1, 2, 0] })], { perm: [2, 0, 1] });
    const turned = b.node('Transpose', [b.node('Transpose', [back], { perm: [1, 2, 0] })], {
      perm: [1, 0, 2],
    });
    const vector = b.node('Reshape', [b.node('Reshape', [turned, b.ints([12, 2])]), b.ints([24])]);
    return {
      same: b.node('Concat', [back], { axis: 0 }),
      vector,
      round: b.node('Reshape', [b.node('Reshape', [x, b.ints([24])]), b.ints([2, 3, 4])]),
      shifted: b.node('Pad', [x, b.ints([1, 0, 0, -1, 0, 0])]),
      reversed: b.node('Slice', [x, b.ints([-1]), b.ints([-99]), b.ints([0]), b.ints([-1])]),
    };
  });
  expect(printGraph(identity(graph))).toMatchInlineSnapshot(`
    "graph test(x: float32[2,3,4]) -> (same = x: float32[2,3,4], vector: float32[24], round = x: float32[2,3,4], shifted: float32[2,3,4], reversed: float32[2,3,4])
      v0 = Transpose(x, perm=[2,1,0])              : float32[4,3,2]
      vector = Reshape(v0, [24])                   : float32[24]
      shifted = Pad(x, [1, 0, 0, -1, 0, 0])        : float32[2,3,4]
      reversed = Slice(x, [-1], [-99], [0], [-1])  : float32[2,3,4]"
  `);
});

test('Casts of truth values are joined, those on whose way something is lost are not', async () => {
  const graph = graphOf({ x: float32(6) }, (b, { x }) => {
    const through = (value: Value, ...types: DataType[]): Value =>
      types.reduce((result, type) => b.node('Cast', [result], { to: dataTypeNumbers[type] }), value);
    const positive = b.node('Greater', [x, b.float(0)]);
    return {
      number: through(positive, 'int32', 'float32'),
      back: through(positive, 'float16', 'int32', 'bool'),
      whole: through(x, 'int32', 'float32'),
      some: through(x, 'bool', 'float32'),
    };
  });
  const joined = identity(graph);
  expect(printGraph(joined)).toMatchInlineSnapshot(`
    "graph test(x: float32[6]) -> (number: float32[6], back: bool[6], whole: float32[6], some: float32[6])
      back = Greater(x, 0)       : bool[6]
      number = Cast(back, to=1)  : float32[6]
      v0 = Cast(x, to=6)         : int32[6]
      whole = Cast(v0, to=1)     : float32[6]
      v1 = Cast(x, to=9)         : bool[6]
      some = Cast(v1, to=1)      : float32[6]"
  `);
  const feeds = { x: { type: float32(6), data: Float32Array.of(-1.5, 0, 0.5, 1, 2.75, -3) } };
  const results = await run(joined, feeds);
  expect(
    Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data)])),
  ).toEqual({
    number: [0, 0, 1, 1, 1, 0],
    back: [0, 0, 1, 1, 1, 0],
    whole: [-1, 0, 0, 1, 2, -3],
    some: [1, 0, 1, 1, 1, 1],
  });
  expect(results).toEqual(await run(graph, feeds));
});

test('what depends on constants alone is computed', () => {
  const graph = graphOf({ x: float32(2, 2) }, (b, { x }) => {
    const weight = b.constant(Float32Array.of(1, 2, 3, 4), float32(2, 2));
    const turned = b.node('Transpose', [weight]);
    const scale = b.node('Reciprocal', [b.node('Sqrt', [b.constant(Float32Array.of(4, 16), float32(2))])]);
    const rows = b.node(
      'Concat',
      [
        b.node('Slice', [turned, b.ints([1]), b.ints([-99]), b.ints([0]), b.ints([-1])]),
        b.node('Reshape', [scale, b.ints([1, 2])]),
      ],
      { axis: 0 },
    );
    return { y: b.node('MatMul', [x, b.node('Mul', [turned, scale])]), rows };
  });
  expect(printGraph(constantFolding(graph))).toMatchInlineSnapshot(`
    "graph test(x: float32[2,2]) -> (y: float32[2,2], rows = float32[3,2]{2, 4, 1, 3, 0.5, 0.25}: float32[3,2])
      y = MatMul(x, float32[2,2]{0.5, 0.75, 1, 1})  : float32[2,2]"
  `);
});

/** Conv → BatchNormalization; with `shared` the convolution has a second reader. */
const normalizedConvolution = (shared: boolean): Graph =>
  graphOf({ x: float32(1, 2, 3, 3) }, (b, { x }) => {
    const channels = (...values: number[]) => b.constant(Float32Array.from(values), float32(2));
    const weight = b.constant(Float32Array.of(1, 2, 3, 4), float32(2, 2, 1, 1));
    const convolved = b.node('Conv', [x, weight, channels(5, 6)]);
    const normalized = b.node(
      'BatchNormalization',
      [convolved, channels(4, 3), channels(0.5, 0), channels(1, 2), channels(3, 0)],
      { epsilon: { float: 1 } },
    );
    return shared ? { normalized, convolved } : { normalized };
  });

test('batch normalisation goes into the convolution before it', () => {
  expect(printGraph(foldBatchNorm(normalizedConvolution(false)))).toMatchInlineSnapshot(`
    "graph test(x: float32[1,2,3,3]) -> (normalized: float32[1,2,3,3])
      normalized = Conv(x, float32[2,2,1,1]{2, 4, 9, 12}, [8.5, 12])  : float32[1,2,3,3]"
  `);
  const shared = normalizedConvolution(true);
  expect(printGraph(foldBatchNorm(shared))).toBe(printGraph(shared));
});

test('batch normalisation goes into the convolutions whose channels are concatenated before it', () => {
  const concatenated = (shared: boolean): Graph =>
    graphOf({ x: float32(1, 1, 2, 2) }, (b, { x }) => {
      const channels = (...values: number[]) => b.constant(Float32Array.from(values), float32(values.length));
      const convolved = [[1, 2], [3]].map((values) =>
        b.node('Conv', [x, b.constant(Float32Array.from(values), float32(values.length, 1, 1, 1))]),
      );
      const joined = b.node('Concat', convolved, { axis: 1 });
      const parameters = [channels(1, 2, 3), channels(4, 5, 6), channels(7, 8, 9), channels(1, 1, 1)];
      const normalized = b.node('BatchNormalization', [joined, ...parameters], { epsilon: { float: 0 } });
      return shared ? { normalized, first: b.node('Relu', [convolved[0] ?? x]) } : { normalized };
    });
  expect(printGraph(foldBatchNorm(concatenated(false)))).toMatchInlineSnapshot(`
    "graph test(x: float32[1,1,2,2]) -> (normalized: float32[1,3,2,2])
      v0 = Conv(x, float32[2,1,1,1]{1, 4}, [-3, -11])  : float32[1,2,2,2]
      v1 = Conv(x, float32[1,1,1,1]{9}, [-21])         : float32[1,1,2,2]
      normalized = Concat(v0, v1, axis=1)              : float32[1,3,2,2]"
  `);
  const shared = concatenated(true);
  expect(printGraph(foldBatchNorm(shared))).toBe(printGraph(shared));
});

describe('the shifted half of a reduction', () => {
  /** What is not as in a reduction. */
  interface Change {
    readonly begin?: number;
    readonly behind?: number;
    readonly kernel?: number;
    readonly groups?: number;
    readonly steps?: number;
    readonly shared?: boolean;
  }
  const half = (height: number, width: number, change: Change = {}): Graph =>
    graphOf({ x: float32(2, 3, height, width) }, (b, { x }) => {
      const { begin = 1, kernel = 1, groups = 1, steps = 1, shared = false } = change;
      const behind = change.behind === undefined ? [height % 2, width % 2] : [change.behind, change.behind];
      const ends = [height + (behind[0] as number), width + (behind[1] as number)];
      const numbers = (count: number, seed: number): Float32Array =>
        Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i));
      const padded = behind.some((p) => p !== 0)
        ? b.node('Pad', [x, b.ints([0, 0, 0, 0, 0, 0, ...behind])])
        : x;
      const bounds = [b.ints([begin, begin]), b.ints(ends), b.ints([2, 3]), b.ints([steps, steps])];
      const cut = b.node('Slice', [padded, ...bounds]);
      const filter = float32(3, 3 / groups, kernel, kernel);
      const weight = b.constant(numbers((9 / groups) * kernel ** 2, 1), filter);
      // Dilations mean nothing to a filter of one pixel.
      const strides = { strides: [2, 2], dilations: [2, 2], pads: [0, 0, 0, 0] };
      const attributes = { ...strides, kernel_shape: [kernel, kernel], group: groups };
      const y = b.node('Conv', [cut, weight, b.constant(numbers(3, 2), float32(3))], attributes);
      return shared ? { y, cut } : { y };
    });
  const operators = (graph: Graph): string[] => graphNodes(graph).map(({ op }) => op);

  test.each([
    [6, 4],
    [5, 4],
    [7, 3],
    [2, 2],
  ])('of %d×%d pixels is read by convolutions alone, the same to the bit', async (height, width) => {
    const graph = half(height, width);
    const picked = pickByConvolution(graph);
    verify(picked);
    expect(operators(picked)).toEqual(['Conv', 'Conv']);
    expect(difference(await run(graph), await run(picked, randomFeeds(graph)))).toBe(0);
  });

  test('of an image that is cut behind, too, is read from what that leaves', async () => {
    const graph = half(6, 6, { behind: -2 });
    const picked = pickByConvolution(graph);
    expect(operators(picked)).toEqual(['Pad', 'Conv', 'Conv']);
    expect(difference(await run(graph), await run(picked, randomFeeds(graph)))).toBe(0);
  });

  test.each<[string, Graph]>([
    ['shifted by two pixels', half(6, 6, { begin: 2, behind: 2 })],
    ['cut in steps', half(6, 6, { steps: 2 })],
    ['that is read elsewhere, too', half(6, 6, { shared: true })],
    ['under a larger filter', half(6, 6, { kernel: 2 })],
    ['of channels each by itself', half(6, 6, { groups: 3 })],
  ])('%s is cut', (_, graph) => {
    expect(pickByConvolution(graph)).toBe(graph);
  });
});

test('a constant matrix is kept transposed in a Gemm', () => {
  const graph = graphOf({ x: float32(2, 3) }, (b, { x }) => {
    const weight = b.constant(Float32Array.of(1, 2, 3, 4, 5, 6), float32(3, 2));
    return {
      y: b.node('Add', [b.node('MatMul', [x, weight]), b.constant(Float32Array.of(7, 8), float32(2))]),
    };
  });
  expect(printGraph(fuseBias(graph))).toMatchInlineSnapshot(`
    "graph test(x: float32[2,3]) -> (y: float32[2,2])
      y = Gemm(x, float32[2,3]{1, 3, 5, 2, 4, 6}, [7, 8], transB=1)  : float32[2,2]"
  `);
});

test('a matrix product and its bias become one Gemm', () => {
  const graph = graphOf({ x: float32(2, 3), w: float32(3, 4), z: float32(5, 2, 3) }, (b, { x, w, z }) => {
    const bias = b.constant(Float32Array.of(1, 2, 3, 4), float32(4));
    const shared = b.node('MatMul', [x, w]);
    return {
      right: b.node('Add', [b.node('MatMul', [x, w]), bias]),
      left: b.node('Add', [b.float(2), b.node('MatMul', [x, w])]),
      batched: b.node('Add', [b.node('MatMul', [z, w]), bias]),
      larger: b.node('Add', [b.node('MatMul', [x, w]), b.constant(Float32Array.of(1), float32(1, 1, 1))]),
      twice: b.node('Add', [b.node('Add', [shared, bias]), shared]),
    };
  });
  expect(printGraph(fuseBias(graph))).toMatchInlineSnapshot(`
    "graph test(x: float32[2,3], w: float32[3,4], z: float32[5,2,3]) -> (right: float32[2,4], left: float32[2,4], batched: float32[5,2,4], larger: float32[1,2,4], twice: float32[2,4])
      v0 = MatMul(x, w)                    : float32[2,4]
      right = Gemm(x, w, [1, 2, 3, 4])     : float32[2,4]
      left = Gemm(x, w, 2)                 : float32[2,4]
      v1 = MatMul(z, w)                    : float32[5,2,4]
      batched = Add(v1, [1, 2, 3, 4])      : float32[5,2,4]
      v2 = MatMul(x, w)                    : float32[2,4]
      larger = Add(v2, float32[1,1,1]{1})  : float32[1,2,4]
      v3 = Add(v0, [1, 2, 3, 4])           : float32[2,4]
      twice = Add(v3, v0)                  : float32[2,4]"
  `);
});

test('small nodes of one form become one, and stay stacked from node to node', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'] as const;
  const types = Object.fromEntries(names.map((name) => [name, float32(4, 3)]));
  const graph = graphOf(types, (b, inputs) => {
    const normal = names.map((name) => {
      const x = inputs[name] as Value;
      const mean = b.node('ReduceSum', [x, b.ints([0])], { keepdims: 0 });
      return b.node('Sqrt', [b.node('Add', [b.node('Mul', [mean, mean]), b.float(1)])]);
    });
    const turned = [...normal.slice(2), ...normal.slice(0, 2)];
    return {
      y: b.node(
        'Concat',
        normal.map((x, i) => b.node('Mul', [x, turned[i] as Value])),
        { axis: 0 },
      ),
    };
  });
  const stacked = stackSmall(graph);
  verify(stacked);
  expect(difference(await run(graph), await run(stacked))).toBeLessThan(1e-6);
  expect(printGraph(stacked)).toMatchInlineSnapshot(`
    "graph test(a: float32[4,3], b: float32[4,3], c: float32[4,3], d: float32[4,3], e: float32[4,3]) -> (y: float32[15])
      v0 = Concat(a, b, c, d, e, axis=0)                           : float32[20,3]
      v1 = Reshape(v0, [5, 4, 3])                                  : float32[5,4,3]
      v2 = ReduceSum(v1, [1], keepdims=0)                          : float32[5,3]
      v3 = Mul(v2, v2)                                             : float32[5,3]
      v4 = Add(v3, 1)                                              : float32[5,3]
      v5 = Sqrt(v4)                                                : float32[5,3]
      v6 = Gather(v5, [2, 3, 4, 0, 1], axis=0)                     : float32[5,3]
      v7 = Mul(v5, v6)                                             : float32[5,3]
      v8 = Reshape(v7, [15])                                       : float32[15]
      v9, v10, v11, v12, v13 = Split(v8, [3, 3, 3, 3, 3], axis=0)  : float32[3], float32[3], float32[3], float32[3], float32[3]
      y = Concat(v9, v10, v11, v12, v13, axis=0)                   : float32[15]"
  `);
});

test('nodes over nothing stay alone, as an image of one pixel has none in its odd rows', async () => {
  const graph = graphOf({ x: float32(2, 3), y: float32(2, 3) }, (b, { x, y }) => {
    const rests = [x, y].map((value) =>
      b.node('Neg', [b.node('Slice', [value, b.ints([3]), b.ints([9]), b.ints([1])])]),
    );
    return { sum: b.node('ReduceSum', [b.node('Concat', rests, { axis: 1 }), b.ints([1])], { keepdims: 0 }) };
  });
  const stacked = stackSmall(graph);
  verify(stacked);
  expect(difference(await run(graph), await run(stacked))).toBe(0);
});

test('equal nodes are computed once, stacked or not', async () => {
  const graph = graphOf({ x: float32(3) }, (b, { x }) => {
    const halves = [0, 1].map(() => b.node('Mul', [b.node('Neg', [x]), b.float(0.5)]));
    return { y: b.node('Concat', halves, { axis: 0 }) };
  });
  const stacked = stackSmall(graph);
  verify(stacked);
  expect(graphNodes(stacked)).toHaveLength(3);
  expect(difference(await run(graph), await run(stacked))).toBeLessThan(1e-6);
});

test('many nodes of one form compute the same as one', async () => {
  await fc.assert(
    fc.asyncProperty(randomGraphs(), fc.integer({ min: 2, max: 6 }), async (small, copies) => {
      // The same graph several times over inputs of their own: all of it can be stacked.
      const types = Array.from({ length: copies }, (_, copy) =>
        small.inputs.map(
          ({ source, type }) => [`${source.kind === 'input' ? source.name : ''}${copy}`, type] as const,
        ),
      );
      const graph = graphOf(Object.fromEntries(types.flat()), (b, inputs) =>
        Object.fromEntries(
          types.flatMap((ofCopy, copy) => {
            const values = new Map<Value, Value>(
              small.inputs.map((value, i) => [value, inputs[(ofCopy[i] as [string, unknown])[0]] as Value]),
            );
            for (const { op, inputs: read, attributes, outputs } of graphNodes(small)) {
              const operands = read.map((value) => value && (values.get(value) ?? value));
              const results = b.nodes(op as OperatorName, operands, attributes, outputs.length);
              outputs.forEach((value, i) => {
                values.set(value, results[i] as Value);
              });
            }
            return small.outputs.map(
              ({ name, value }) => [`${name}${copy}`, values.get(value) ?? value] as const,
            );
          }),
        ),
      );
      const result = stackSmall(graph);
      verify(result);
      expect(difference(await run(graph), await run(result, randomFeeds(graph)))).toBeLessThan(1e-4);
    }),
    { numRuns: 60 },
  );
});

test('images side by side compute the same as one by one', async () => {
  await fc.assert(
    fc.asyncProperty(randomImageGraphs(), async (graph) => {
      const result = stackImages(graph);
      verify(result);
      expect(difference(await run(graph), await run(result, randomFeeds(graph)))).toBeLessThan(1e-4);
    }),
    { numRuns: 150 },
  );
});

test('images side by side take fewer nodes than one by one', () => {
  const graphs = fc.sample(randomImageGraphs(), { seed: 1, numRuns: 300 });
  const count = (of: readonly Graph[]): number =>
    of.reduce((sum, graph) => sum + graphNodes(graph).length, 0);
  const share = count(graphs.map(stackImages)) / count(graphs);
  expect(share).toBeLessThan(0.86);
});

test('convolutions and sums of several images become those of one wide image', async () => {
  const image = float32(2, 4, 5, 5);
  const images = { a: image, b: image, c: image, d: image, e: image };
  const types = { ...images, w: float32(20, 1, 3, 3), p: float32(20, 4, 1, 1) };
  const graph = graphOf(types, (build, { w, p, ...rest }) => {
    const [depthwise, pointwise] = [w, p].map((filters) =>
      build.nodes('Split', [filters, build.ints([4, 4, 4, 4, 4])], { axis: 0 }, 5),
    ) as [Value[], Value[]];
    const sums = Object.values(rest).map((x, i) => {
      const opened = build.node('AveragePool', [x], { kernel_shape: [1, 1] });
      const pads = [1, 1, 1, 1];
      const taps = [opened, depthwise[i] as Value];
      const y = build.node('Conv', taps, { kernel_shape: [3, 3], pads, group: 4 });
      const z = build.node('Conv', [build.node('Relu', [y]), pointwise[i] as Value], {
        kernel_shape: [1, 1],
      });
      const pixels = build.node('ReduceSum', [z, build.ints([2, 3])], { keepdims: 0 });
      return build.node('ReduceSum', [pixels, build.ints([0])], { keepdims: 0 });
    });
    return { y: build.node('Concat', sums, { axis: 0 }) };
  });
  const stacked = identity(stackImages(graph));
  verify(stacked);
  expect(difference(await run(graph), await run(stacked))).toBeLessThan(1e-4);
  expect(printGraph(stacked)).toMatchInlineSnapshot(`
    "graph test(a: float32[2,4,5,5], b: float32[2,4,5,5], c: float32[2,4,5,5], d: float32[2,4,5,5], e: float32[2,4,5,5], w: float32[20,1,3,3], p: float32[20,4,1,1]) -> (y: float32[20])
      v0, v1, v2, v3, v4 = Split(w, [4, 4, 4, 4, 4], axis=0)              : float32[4,1,3,3], float32[4,1,3,3], float32[4,1,3,3], float32[4,1,3,3], float32[4,1,3,3]
      v5, v6, v7, v8, v9 = Split(p, [4, 4, 4, 4, 4], axis=0)              : float32[4,4,1,1], float32[4,4,1,1], float32[4,4,1,1], float32[4,4,1,1], float32[4,4,1,1]
      v10 = AveragePool(a, kernel_shape=[1,1])                            : float32[2,4,5,5]
      v11 = AveragePool(b, kernel_shape=[1,1])                            : float32[2,4,5,5]
      v12 = AveragePool(c, kernel_shape=[1,1])                            : float32[2,4,5,5]
      v13 = AveragePool(d, kernel_shape=[1,1])                            : float32[2,4,5,5]
      v14 = AveragePool(e, kernel_shape=[1,1])                            : float32[2,4,5,5]
      v15 = Concat(v10, v11, v12, v13, v14, axis=1)                       : float32[2,20,5,5]
      v16 = Concat(v0, v1, v2, v3, v4, axis=0)                            : float32[20,1,3,3]
      v17 = Conv(v15, v16, kernel_shape=[3,3], pads=[1,1,1,1], group=20)  : float32[2,20,5,5]
      v18 = Relu(v17)                                                     : float32[2,20,5,5]
      v19 = Concat(v5, v6, v7, v8, v9, axis=0)                            : float32[20,4,1,1]
      v20 = Reshape(v19, [5, 4, 4])                                       : float32[5,4,4]
      v21 = Reshape(v18, [2, 5, 4, 25])                                   : float32[2,5,4,25]
      v22 = MatMul(v20, v21)                                              : float32[2,5,4,25]
      v23 = Reshape(v22, [2, 20, 5, 5])                                   : float32[2,20,5,5]
      v24 = ReduceSum(v23, [2, 3], keepdims=0)                            : float32[2,20]
      v25 = ReduceSum(v24, [0], keepdims=0)                               : float32[20]
      v26, v27, v28, v29, v30 = Split(v25, [4, 4, 4, 4, 4], axis=0)       : float32[4], float32[4], float32[4], float32[4], float32[4]
      y = Concat(v26, v27, v28, v29, v30, axis=0)                         : float32[20]"
  `);
});

test('a blocked convolution takes in what follows it', () => {
  const image = float32(2, 16, 4, 4);
  const conv = 'com.microsoft.nchwc.Conv';
  const attributes = {
    kernel_shape: [1, 1],
    pads: [0, 0, 0, 0],
    strides: [1, 1],
    dilations: [1, 1],
    group: 16,
  };
  const graph = graphOf({ x: image, w: float32(16, 1, 1, 1) }, (b, { x, w }) => {
    const [first, second, kept] = [0, 1, 2].map(() => b.node(conv, [x, w], attributes)) as [
      Value,
      Value,
      Value,
    ];
    const sum = b.node('Relu', [b.node('Add', [first, second])]);
    // Neither has memory to lend: an input, and a value that is read again.
    return { y: b.node('Add', [sum, x]), z: b.node('Add', [kept, sum]) };
  });
  const fused = fuseConvolution(graph);
  verify(fused);
  expect(printGraph(fused)).toMatchInlineSnapshot(`
    "graph test(x: float32[2,16,4,4], w: float32[16,1,1,1]) -> (y: float32[2,16,4,4], z: float32[2,16,4,4])
      v0 = com.microsoft.nchwc.Conv(x, w, kernel_shape=[1,1], pads=[0,0,0,0], strides=[1,1], dilations=[1,1], group=16)  : float32[2,16,4,4]
      v1 = com.microsoft.nchwc.Conv(x, w, kernel_shape=[1,1], pads=[0,0,0,0], strides=[1,1], dilations=[1,1], group=16)  : float32[2,16,4,4]
      v2 = com.microsoft.nchwc.Conv(x, w, _, v0, kernel_shape=[1,1], pads=[0,0,0,0], strides=[1,1], dilations=[1,1], group=16, activation=Relu)  : float32[2,16,4,4]
      y = Add(v2, x)   : float32[2,16,4,4]
      z = Add(v1, v2)  : float32[2,16,4,4]"
  `);
});
