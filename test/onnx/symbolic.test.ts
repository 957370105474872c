import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/onnx/build.ts';
import type { Graph, Value } from '../../src/onnx/ir.ts';
import { optimizeForInference } from '../../src/onnx/passes/index.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { probeSizes, unifySymbolic } from '../../src/onnx/symbolic.ts';
import { verify } from '../../src/onnx/verify.ts';
import { difference, float32, graphOf, randomFeeds, run } from './support.ts';

/** The graph with an open batch size, of a function that builds it at a known one. */
function unified(at: (size: number) => Graph): Graph {
  const [first, second] = probeSizes(['N']);
  return unifySymbolic(at(first.N ?? 0), at(second.N ?? 0), first, second);
}

/** A graph of images [N, 4, 6, 6]. */
const ofImages =
  (build: (b: Builder, x: Value, size: number) => Value) =>
  (size: number): Graph =>
    graphOf(
      { x: float32(size, 4, 6, 6) },
      (b, { x }) => ({ y: build(b, x, size) }),
      () => 'head',
    );

const network = ofImages((b, x, size) => {
  const kernel = b.constant(
    Float32Array.from({ length: 72 }, (_, i) => i / 72),
    float32(2, 4, 3, 3),
  );
  const image = b.node('Conv', [x, kernel], { pads: [1, 1, 1, 1], strides: [2, 2] });
  const whole = b.node('Slice', [image, b.ints([0, 1]), b.ints([size, 3]), b.ints([0, 2])]);
  // Rows of pixels, as a network that mixes positions and images would see them: N becomes a multiple.
  const rows = b.node('Reshape', [
    b.node('Transpose', [whole], { perm: [0, 2, 3, 1] }),
    b.ints([size * 6, 2]),
  ]);
  const logits = b.node('MatMul', [rows, b.constant(Float32Array.of(1, 2, 3, 4), float32(2, 2))]);
  return b.node('Softmax', [b.node('Reshape', [logits, b.ints([size, 12])])]);
});

describe('an open batch', () => {
  test('is named in every type', () => {
    expect(printGraph(unified(network))).toMatchInlineSnapshot(`
      "graph test(x: float32[N,4,6,6]) -> (y: float32[N,12])
        v0 = Conv(x, float32[2,4,3,3]{…}, pads=[1,1,1,1], strides=[2,2])  : float32[N,2,3,3]
        v1 = Slice(v0, [0, 1], [9223372036854775807, 3], [0, 2])          : float32[N,2,2,3]
        v2 = Transpose(v1, perm=[0,2,3,1])                                : float32[N,2,3,2]
        v3 = Reshape(v2, [-1, 2])                                         : float32[6*N,2]
        v4 = MatMul(v3, float32[2,2]{1, 2, 3, 4})                         : float32[6*N,2]
        v5 = Reshape(v4, [-1, 12])                                        : float32[N,12]
        y = Softmax(v5)                                                   : float32[N,12]"
    `);
  });

  test.each([1, 2, 7, 64])('of %i gives what the graph of that size gives', async (size) => {
    const open = unified((n) => optimizeForInference(network(n)));
    verify(open);
    const known = network(size);
    const feeds = randomFeeds(known);
    expect(difference(await run(known, feeds), await run(open, feeds))).toBeLessThan(1e-6);
  });

  test('grows what is the same all along it', () => {
    const open = unified((size) =>
      graphOf({ w: float32(3), x: float32(2, size) }, (b, { w }) => ({
        // A row of its own for each of them, and a number, in one that was there as a whole.
        rows: b.constant(
          Float32Array.from({ length: 3 * size }, (_, i) => i % 3),
          float32(size, 3),
        ),
        ones: b.node('Expand', [b.float(1), b.ints([size, 1])]),
        sum: b.node('Add', [w as Value, b.constant(new Float32Array(3 * size), float32(size, 3))]),
      })),
    );
    verify(open);
    expect(printGraph(open)).toMatchInlineSnapshot(`
      "graph test(w: float32[3], x: float32[2,N]) -> (rows: float32[N,3], ones: float32[N,1], sum: float32[N,3])
        v0 = Expand(1, [1, 1])                                           : float32[1,1]
        v1 = Slice(x, [0], [1], [0])                                     : float32[1,N]
        v2 = Reshape(v1, [-1, 1])                                        : float32[N,1]
        v3 = Equal(v2, v2)                                               : bool[N,1]
        ones = Where(v3, v0, v0)                                         : float32[N,1]
        v4 = Slice(x, [0], [1], [0])                                     : float32[1,N]
        v5 = Reshape(v4, [-1, 1])                                        : float32[N,1]
        v6 = Equal(v5, v5)                                               : bool[N,1]
        v7 = Where(v6, float32[1,3]{0, 0, 0}, float32[1,3]{0, 0, 0})     : float32[N,3]
        sum = Add(w, v7)                                                 : float32[N,3]
        v8 = Slice(x, [0], [1], [0])                                     : float32[1,N]
        v9 = Reshape(v8, [-1, 1])                                        : float32[N,1]
        v10 = Equal(v9, v9)                                              : bool[N,1]
        rows = Where(v10, float32[1,3]{0, 1, 2}, float32[1,3]{0, 1, 2})  : float32[N,3]"
    `);
  });

  test('and other open dimensions are told apart', () => {
    const [first, second] = probeSizes(['N', 'T']);
    const at = ({ N = 0, T = 0 }) =>
      graphOf({ x: float32(N, T, 4), w: float32(T, 2) }, (b, { x, w }) => ({
        y: b.node('MatMul', [b.node('Transpose', [x], { perm: [0, 2, 1] }), w]),
        z: b.node('Concat', [x, x], { axis: 1 }),
        rows: b.node('Reshape', [x, b.ints([N, 4 * T])]),
        split: b.node('Reshape', [x, b.ints([N, T, 2, 2])]),
      }));
    const open = unifySymbolic(at(first), at(second), first, second);
    verify(open);
    expect(printGraph(open)).toMatchInlineSnapshot(`
      "graph test(x: float32[N,T,4], w: float32[T,2]) -> (y: float32[N,4,2], z: float32[N,2*T,4], rows: float32[N,4*T], split: float32[N,T,2,2])
        v0 = Transpose(x, perm=[0,2,1])    : float32[N,4,T]
        y = MatMul(v0, w)                  : float32[N,4,2]
        z = Concat(x, x, axis=1)           : float32[N,2*T,4]
        rows = Reshape(x, [0, -1])         : float32[N,4*T]
        split = Reshape(x, [-1, 0, 2, 2])  : float32[N,T,2,2]"
    `);
  });
});

describe('what depends on the size otherwise is refused, with its place', () => {
  const refused: readonly [string, (size: number) => Graph][] = [
    [
      'the size of N at head/Mul in a way that ONNX cannot express here: it is a constant that differs',
      ofImages((b, x, size) => b.node('Mul', [x, b.float(1 / size)])),
    ],
    [
      'at head/Expand',
      // No input is twice as long as the batch.
      ofImages((b, x, size) =>
        b.node('Concat', [x, b.node('Expand', [b.float(1), b.ints([2 * size, 4, 6, 6])])], { axis: 0 }),
      ),
    ],
    [
      'at head/Reshape',
      ofImages((b, x, size) => {
        const rows = b.node('Reshape', [x, b.ints([size, 144])]);
        const products = b.node('MatMul', [rows, b.node('Transpose', [rows])]);
        return b.node('Reshape', [products, b.ints([1, 1, size, size])]);
      }),
    ],
    ['at head/Slice', ofImages((b, x, size) => b.node('Slice', [x, b.ints([0]), b.ints([size - 1])]))],
    [
      'float32[12,4,6,6] at one size is float32[14,4,6,6] at another',
      ofImages((b, x) => b.node('Pad', [x, b.ints([1, 0, 0, 0, 0, 0, 0, 0])])),
    ],
    [
      'at another size',
      ofImages((b, x, size) =>
        size % 2 === 1 && size > 11 ? b.node('Relu', [b.node('Neg', [x])]) : b.node('Relu', [x]),
      ),
    ],
    ['it is head/Neg at another size', ofImages((b, x, size) => b.node(size > 11 ? 'Neg' : 'Relu', [x]))],
    ['the attributes differ', ofImages((b, x, size) => b.node('Softmax', [x], { axis: size > 11 ? 1 : 2 }))],
    [
      'the inputs differ',
      ofImages((b, x, size) => {
        const both = [b.node('Relu', [x]), b.node('Relu', [x])];
        return b.node('Sub', size > 11 ? both : both.toReversed());
      }),
    ],
  ];
  test.each(refused)('%s', (message, at) => {
    expect(() => unified(at)).toThrow(message);
  });
});
