import { describe, expect, test } from 'vitest';
import { createBuilder } from '../../src/onnx/build.ts';
import { type Graph, inputValue, type Value } from '../../src/onnx/ir.ts';
import { dialectOpset, type OperatorName, operators } from '../../src/onnx/operators.ts';
import { requiredOpset, verify } from '../../src/onnx/verify.ts';
import { type Case, operatorCases } from './operator-cases.ts';
import { bool, float32, int64, randomFeeds, run } from './support.ts';

/** The graph of one node. */
function graphOfCase(name: OperatorName, { inputs, attributes, outputs }: Case): Graph {
  const declared: Value[] = [];
  const operands = inputs.map((input, index) => {
    if (input === null || 'source' in input) return input;
    const value = inputValue(`x${index}`, input);
    declared.push(value);
    return value;
  });
  const values = createBuilder().nodes(name, operands, attributes, outputs);
  return {
    name,
    inputs: declared,
    outputs: values.map((value, index) => ({ name: `y${index}`, value })),
  };
}

const names = Object.keys(operators) as OperatorName[];

describe('types are inferred as onnxruntime computes them', () => {
  test.each(names)('%s', async (name) => {
    for (const graph of operatorCases[name].map((item) => graphOfCase(name, item))) {
      verify(graph);
      for (const opset of new Set([requiredOpset(graph), dialectOpset])) {
        const results = await run(graph, randomFeeds(graph), { opset });
        const found = Object.values(results).map(({ dtype, shape }) => ({ dtype, shape: [...shape] }));
        expect(found).toEqual(graph.outputs.map(({ value }) => value.type));
      }
    }
  });
});

const x = inputValue('x', float32(2, 3));
const vector = inputValue('v', float32(4));
const image = inputValue('image', float32(1, 4, 5, 5));
const weight = inputValue('weight', float32(6, 3, 3, 3));
const indices = inputValue('indices', int64(2));
const mask = inputValue('mask', bool(2, 3));
const dynamic = inputValue('shape', int64(2));
const builder = createBuilder(() => 'cell0/edge1');

describe('what does not fit is refused, with operator, types, place and reason', () => {
  const refused: readonly [string, () => unknown][] = [
    [
      'Add(float32[2,3], float32[4]) at cell0/edge1: the shapes [2,3], [4] do not broadcast',
      () => builder.node('Add', [x, vector]),
    ],
    ['the inputs have different dtypes: float32, int64', () => builder.node('Mul', [x, indices])],
    ['input 0 is bool; expected float16', () => builder.node('Max', [mask])],
    ['1 inputs are given, 2 expected', () => builder.node('Sub', [x])],
    ['input 1 is missing', () => builder.node('Sub', [x, null])],
    ['the attribute axis is not known', () => builder.node('ReduceSum', [x], { axis: 1 })],
    [
      'the attribute alpha is of kind int, expected float',
      () => builder.node('LeakyRelu', [x], { alpha: 1 }),
    ],
    ['the attribute axis is missing', () => builder.node('Concat', [x, x])],
    ['1 outputs are asked for, there are 2', () => builder.node('TopK', [x, builder.ints([1])])],
    ['K is 5; axis 1 has 3', () => builder.nodes('TopK', [x, builder.ints([5])], {}, 2)],
    ['the axis 2 is outside a tensor of rank 2', () => builder.node('Softmax', [x], { axis: 2 })],
    ['the axes [0,-2] repeat one', () => builder.node('ReduceMax', [x], { axes: [0, -2] })],
    ['input 1 must be a constant', () => builder.node('Reshape', [x, dynamic])],
    ['input 1 must be int64, not float32', () => builder.node('Reshape', [x, builder.float(6)])],
    ['[2,3] does not reshape to [4,2]', () => builder.node('Reshape', [x, builder.ints([4, 2])])],
    ['[2,3] does not reshape to [4,-1]', () => builder.node('Reshape', [x, builder.ints([4, -1])])],
    ['differ in the inner dimension: 3, 2', () => builder.node('MatMul', [x, x])],
    ['do not fit in 1 groups', () => builder.node('Conv', [image, weight])],
    [
      'kernel_shape is [5,5]',
      () => builder.node('Conv', [image, inputValue('w', float32(2, 4, 3, 3))], { kernel_shape: [5, 5] }),
    ],
    ['a window of 6 is larger than 5', () => builder.node('MaxPool', [image], { kernel_shape: [6, 6] })],
    [
      'pads must be smaller than the kernel',
      () => builder.node('MaxPool', [image], { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }),
    ],
    ['do not join on axis 0', () => builder.node('Concat', [x, vector], { axis: 0 })],
    [
      'sizes [1,1] do not add up to axis 1',
      () => builder.nodes('Split', [x, builder.ints([1, 1])], { axis: 1 }, 2),
    ],
    ['perm [0,0] does not permute', () => builder.node('Transpose', [x], { perm: [0, 0] })],
    [
      'pads [3,0,0,0] reflect more',
      () => builder.node('Pad', [x, builder.ints([3, 0, 0, 0])], { mode: 'reflect' }),
    ],
    ['the attribute to is 99', () => builder.node('Cast', [x], { to: 99 })],
    ['the indices is float32', () => builder.node('Gather', [x, vector])],
    [
      'the updates must have the shape [2,1]',
      () => builder.node('ScatterElements', [x, inputValue('i', int64(2, 1)), vector]),
    ],
    ['either scales or sizes must be given', () => builder.node('Resize', [image, null, null])],
    ['the dimension N is symbolic', () => builder.node('Relu', [inputValue('n', float32('N', 3))])],
  ];
  test.each(refused)('%s', (message, build) => {
    expect(build).toThrow(message);
  });
});

test('small constants are shared, large ones are not', () => {
  const { constant, float, int, ints } = createBuilder();
  expect(float(1)).toBe(float(1));
  expect(float(0)).not.toBe(float(-0));
  expect(ints([1])).not.toBe(int(1));
  const large = new Float32Array(100);
  expect(constant(large, float32(100))).not.toBe(constant(large, float32(100)));
});
