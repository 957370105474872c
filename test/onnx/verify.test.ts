import { describe, expect, test } from 'vitest';
import { createBuilder } from '../../src/onnx/build.ts';
import {
  constantValue,
  createNode,
  type Graph,
  inputValue,
  type Node,
  type TensorType,
  type Value,
} from '../../src/onnx/ir.ts';
import { printGraph } from '../../src/onnx/print.ts';
import { requiredOpset, verify } from '../../src/onnx/verify.ts';
import { bool, float32, graphOf, int64 } from './support.ts';

const x = inputValue('x', float32(2, 3));
const relu: Pick<Node, 'op' | 'domain' | 'inputs' | 'attributes' | 'scope'> = {
  op: 'Relu',
  domain: '',
  inputs: [x],
  attributes: {},
  scope: 'stem',
};

/** A graph of one node, of which some things are wrong. */
function graphOfNode(wrong: Partial<typeof relu>, types: readonly TensorType[] = [float32(2, 3)]): Graph {
  const { outputs } = createNode({ ...relu, ...wrong }, types);
  return { name: 'g', inputs: [x], outputs: outputs.map((value, index) => ({ name: `y${index}`, value })) };
}

const outputOf = (value: Value): Graph => ({ name: 'g', inputs: [x], outputs: [{ name: 'y', value }] });

/** A node that reads one that was created after it. */
function backwards(): Graph {
  const inputs: Value[] = [];
  const first = createNode({ ...relu, inputs }, [float32(2, 3)]);
  inputs.push(...createNode(relu, [float32(2, 3)]).outputs);
  return outputOf(first.outputs[0] ?? x);
}

/** A value that claims to come from a node that does not have it. */
function stray(): Graph {
  const node = createNode(relu, [float32(2, 3)]);
  return graphOfNode({ inputs: [{ type: float32(2, 3), source: { kind: 'node', node, index: 0 } }] });
}

const constant = (data: Float32Array | Uint8Array, type: TensorType): Graph =>
  graphOfNode({ op: 'Concat', inputs: [constantValue(data, type)], attributes: { axis: 0 } }, [type]);

describe('each kind of broken graph is refused', () => {
  const broken: readonly [string, Graph][] = [
    ['two inputs are named x', { ...outputOf(x), inputs: [x, inputValue('x', float32(1))] }],
    [
      'two outputs are named y',
      { ...outputOf(x), outputs: [...outputOf(x).outputs, ...outputOf(x).outputs] },
    ],
    ['output has no name', { ...outputOf(x), outputs: [{ name: '', value: x }] }],
    ['a constant is declared as an input', { ...outputOf(x), inputs: [createBuilder().float(1)] }],
    ['it reads the input x, which the graph does not declare', { ...graphOfNode({}), inputs: [] }],
    ['the output y is the input x, which the graph does not declare', { ...outputOf(x), inputs: [] }],
    ['Rleu(float32[2,3]) at stem: the operator is not in the table', graphOfNode({ op: 'Rleu' })],
    ['the operator is not in the table', graphOfNode({ domain: 'com.example' })],
    ['2 inputs are given, 1 expected', graphOfNode({ inputs: [x, x] })],
    ['the attribute axis is not known', graphOfNode({ attributes: { axis: 0 } })],
    [
      'the attribute axis is of kind float, expected int',
      graphOfNode({ op: 'Softmax', attributes: { axis: { float: 1 } } }),
    ],
    ['2 outputs are asked for, there are 1', graphOfNode({}, [float32(2, 3), float32(2, 3)])],
    ['the outputs are float32[3,2], expected float32[2,3]', graphOfNode({}, [float32(3, 2)])],
    ['the outputs are int64[2,3], expected float32[2,3]', graphOfNode({}, [int64(2, 3)])],
    ['the inputs have different dtypes', graphOfNode({ op: 'Add', inputs: [x, createBuilder().int(1)] })],
    ['comes from the later node', backwards()],
    ['is not an output of the node that it names', stray()],
    ['the constant float32[2] has 3 elements, expected 2', constant(new Float32Array(3), float32(2))],
    [
      'the constant bool[2] is kept in Float32Array, expected Uint8Array',
      constant(new Float32Array(2), bool(2)),
    ],
    ['the constant float32[3] has 2 elements', outputOf(constantValue(new Float32Array(2), float32(3)))],
  ];
  test.each(broken)('%s', (message, graph) => {
    expect(() => verify(graph)).toThrow(message);
  });
});

test('a good graph passes, and says which opset it needs', () => {
  const graph = graphOf({ x: float32(2, 3) }, (b, { x }) => ({
    y: b.node('Relu', [x]),
    same: x,
    one: b.float(1),
  }));
  verify(graph);
  expect(requiredOpset(graph)).toBe(13);
  const scatter = graphOf({ x: float32(4), i: int64(2), u: float32(2) }, (b, { x, i, u }) => ({
    y: b.node('ScatterElements', [x, i, u], { reduction: 'add' }),
  }));
  expect(requiredOpset(scatter)).toBe(16);
});

test('a graph is printed as text', () => {
  const graph = graphOf({ x: float32(2, 6), mask: bool() }, (b, { x, mask }) => {
    const [values, positions] = b.nodes('TopK', [x, b.ints([2])], {}, 2);
    const clipped = b.node('Clip', [values ?? x, null, b.float(0.1)]);
    return {
      y: b.node('Where', [mask, clipped, b.constant(Float32Array.of(1, 2), float32(1, 2))]),
      positions: positions ?? x,
      again: clipped,
      x2: x,
      leaky: b.node('LeakyRelu', [b.node('Add', [x, b.constant(new Float32Array(12), float32(2, 6))])], {
        alpha: { float: 0.3 },
      }),
      blocked: b.node('com.microsoft.nchwc.ReorderInput', [b.node('Reshape', [x, b.ints([1, 12, 1, 1])])]),
      no: b.constant(Uint8Array.of(0, 1), bool(2)),
    };
  });
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph test(x: float32[2,6], mask: bool[]) -> (y: float32[2,2], positions: int64[2,2], again: float32[2,2], x2 = x: float32[2,6], leaky: float32[2,6], blocked: float32[1,12,1,1], no = [false, true]: bool[2])
      v0, positions = TopK(x, [2])                    : float32[2,2], int64[2,2]
      again = Clip(v0, _, 0.1)                        : float32[2,2]
      y = Where(mask, again, float32[1,2]{1, 2})      : float32[2,2]
      v1 = Add(x, float32[2,6]{…})                    : float32[2,6]
      leaky = LeakyRelu(v1, alpha=0.3)                : float32[2,6]
      v2 = Reshape(x, [1, 12, 1, 1])                  : float32[1,12,1,1]
      blocked = com.microsoft.nchwc.ReorderInput(v2)  : float32[1,12,1,1]"
  `);
});
