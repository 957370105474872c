/** For each row of the operator table, nodes that onnxruntime runs and that shape inference must agree with. */

import { createBuilder } from '../../src/onnx/build.ts';
import { dataTypeNumbers } from '../../src/onnx/data-types.ts';
import { type Attributes, inputValue, type TensorType, type Value } from '../../src/onnx/ir.ts';
import type { OperatorName } from '../../src/onnx/operators.ts';
import { bool, float32, int64 } from './support.ts';

export interface Case {
  /** A type is an input of the graph, a value a constant, null an omitted input. */
  readonly inputs: readonly (TensorType | Value | null)[];
  readonly attributes: Attributes;
  readonly outputs: number;
}

const { ints, int, float, constant } = createBuilder();

const on = (inputs: Case['inputs'], attributes: Attributes = {}, outputs = 1): Case => ({
  inputs,
  attributes,
  outputs,
});

const floats = (...values: number[]): Value => constant(Float32Array.from(values), float32(values.length));

const unary = [on([float32(2, 3)]), on([float32()])];
const binary = [
  on([float32(2, 3), float32(2, 3)]),
  on([float32(4, 1, 3), float32(2, 1)]),
  on([float32(), float32(2)]),
  on([int64(2, 3), int64(3)]),
  on([float32(1, 0), float32(3, 1)]),
];
const comparison = [on([float32(2, 1), float32(3)]), on([int64(3), int64(3)])];
const logical = [on([bool(2, 1), bool(3)])];
const variadic = [on([float32(2, 3)]), on([float32(2, 1), float32(3), float32(4, 1, 1)])];
const reduction = [
  on([float32(2, 3, 4)]),
  on([float32(2, 3, 4)], { keepdims: 0 }),
  on([float32(2, 3, 4)], { axes: [-1, 0], keepdims: 0 }),
  on([float32(2, 3, 4)], { axes: [1], keepdims: 1 }),
];
const position = [on([float32(2, 3, 4)]), on([float32(2, 3, 4)], { axis: -1, keepdims: 0 })];
const alongAxis = [on([float32(2, 3, 4)]), on([float32(2, 3, 4)], { axis: 1 })];
const image = float32(2, 4, 7, 8);
const pool = [
  on([image], { kernel_shape: [3, 3] }),
  on([image], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] }),
  on([image], { kernel_shape: [3, 3], strides: [2, 2] }),
  on([image], { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 0, 1, 1] }),
  on([image], { kernel_shape: [1, 1], strides: [3, 4] }),
  on([float32(2, 4, 9)], { kernel_shape: [2], strides: [2] }),
];
const channels = (count: number): TensorType => float32(count);
// Blocks have 8 or 16 channels.
const blockedImage = float32(2, 32, 9, 8);

/** Branches that double what they read, or leave it; the second result is a constant. */
function branches(type: TensorType): Attributes {
  const branch = (name: string, value: (x: Value) => Value) => {
    const x = inputValue('x', type);
    const results = [value(x), floats(1, 2)];
    const outputs = results.map((result, index) => ({ name: `y${index}`, value: result }));
    return { graph: { name, inputs: [x], outputs } };
  };
  return {
    then_branch: branch('then', (x) => createBuilder().node('Add', [x, x])),
    else_branch: branch('else', (x) => x),
  };
}

/** Every row has cases: the compiler sees to it. */
export const operatorCases: Readonly<Record<OperatorName, readonly Case[]>> = {
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary.slice(0, 3),
  Mod: [
    on([float32(2, 3), float32(3)], { fmod: 1 }),
    on([int64(2), constant(BigInt64Array.of(3n), int64())]),
  ],
  Pow: [...binary.slice(0, 3), on([float32(2), int64(2)])],
  Max: variadic,
  Min: variadic,
  Neg: unary,
  Abs: unary,
  Sign: unary,
  Sqrt: unary,
  Exp: unary,
  Log: unary,
  Reciprocal: unary,
  Floor: unary,
  Ceil: unary,
  Round: unary,
  Sin: unary,
  Cos: unary,
  Tan: unary,
  Asin: unary,
  Acos: unary,
  Atan: unary,
  Sinh: unary,
  Cosh: unary,
  Tanh: unary,
  Asinh: unary,
  Acosh: unary,
  Atanh: unary,
  Erf: unary,
  Sigmoid: unary,
  Relu: unary,
  Elu: unary,
  Selu: unary,
  LeakyRelu: [on([float32(2)], { alpha: { float: 0.1 } })],
  Softplus: unary,
  HardSigmoid: [on([float32(2)], { alpha: { float: 0.1 }, beta: { float: 0.5 } })],
  PRelu: [on([float32(2, 3, 4), float32(3, 1)])],
  Clip: [
    on([float32(2, 3), float(0), float(6)]),
    on([float32(2, 3), null, float(6)]),
    on([float32(2, 3), float(0)]),
    on([int64(3), int(0), int(1)]),
  ],
  Not: [on([bool(2, 3)])],
  And: logical,
  Or: logical,
  Xor: logical,
  Equal: [...comparison, on([bool(2, 1), bool(3)])],
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  IsNaN: unary,
  IsInf: unary,
  Where: [on([bool(2, 1), float32(3), float32(4, 1, 1)])],
  Cast: (['float32', 'float64', 'int32', 'int64', 'bool', 'uint8', 'float16'] as const).map((dtype) =>
    on([float32(2, 3)], { to: dataTypeNumbers[dtype] }),
  ),
  Identity: [...unary, on([bool(2)])],

  ReduceSum: [
    on([float32(2, 3, 4)]),
    on([float32(2, 3, 4), ints([])]),
    on([float32(2, 3, 4), ints([-1, 0])], { keepdims: 0 }),
    on([float32(2, 0, 4), ints([1])], { keepdims: 0 }),
  ],
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ArgMax: position,
  ArgMin: position,
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  CumSum: [on([float32(2, 3), int(-1)], { exclusive: 1, reverse: 1 })],
  TopK: [
    on([float32(2, 5), ints([3])], {}, 2),
    on([float32(5, 2), ints([2])], { axis: 0, largest: 0, sorted: 0 }, 2),
  ],

  MatMul: [
    on([float32(2, 3), float32(3, 4)]),
    on([float32(5, 1, 2, 3), float32(6, 3, 4)]),
    on([float32(3), float32(3)]),
    on([float32(3), float32(2, 3, 4)]),
    on([float32(2, 4, 3), float32(3)]),
  ],
  Gemm: [
    on([float32(2, 3), float32(3, 4), float32(4)]),
    on([float32(3, 2), float32(4, 3)], { transA: 1, transB: 1 }),
    on([float32(2, 3), float32(3, 4), float32(2, 1)]),
  ],
  'com.microsoft.FusedMatMul': [
    on([float32(2, 3), float32(3, 4)]),
    on([float32(5, 3, 2), float32(4, 3)], { transA: 1, transB: 1 }),
    on([float32(2, 1, 5, 3, 4), float32(2, 6, 1, 3, 7)], { transA: 1 }),
  ],

  Conv: [
    on([image, float32(6, 4, 3, 3)]),
    on([image, float32(6, 2, 3, 2), float32(6)], { group: 2, strides: [2, 1], pads: [1, 0, 2, 1] }),
    on([image, float32(4, 1, 3, 3)], {
      group: 4,
      dilations: [2, 3],
      pads: [2, 3, 2, 3],
      kernel_shape: [3, 3],
    }),
    on([float32(2, 4, 9), float32(3, 4, 3)], { strides: [2] }),
    on([float32(0, 4, 7, 8), float32(6, 4, 3, 3)]),
  ],
  ConvTranspose: [
    on([image, float32(4, 6, 3, 3)]),
    on([image, float32(4, 6, 3, 2), float32(6)], {
      strides: [2, 3],
      pads: [1, 0, 0, 1],
      output_padding: [1, 0],
      dilations: [2, 1],
    }),
  ],
  MaxPool: pool,
  AveragePool: [...pool, on([image], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })],
  GlobalAveragePool: [on([image]), on([float32(2, 3, 5)])],
  BatchNormalization: [
    on([image, channels(4), channels(4), channels(4), channels(4)], { epsilon: { float: 0.1 } }),
    on([float32(3, 4), channels(4), channels(4), channels(4), channels(4)]),
  ],
  LRN: [on([image], { size: 3, alpha: { float: 0.1 }, beta: { float: 0.5 }, bias: { float: 1 } })],
  DepthToSpace: [
    on([float32(2, 8, 3, 4)], { blocksize: 2 }),
    on([float32(2, 8, 3, 4)], { blocksize: 2, mode: 'CRD' }),
  ],
  Resize: [
    on([image, null, floats(1, 1, 2, 1.5)], { mode: 'nearest' }),
    on([image, null, floats(1, 1, 0.6, 0.6)], {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    }),
    on([image, null, null, ints([2, 4, 5, 3])], {
      mode: 'linear',
      coordinate_transformation_mode: 'align_corners',
    }),
  ],

  Reshape: [
    on([float32(2, 3, 4), ints([4, 6])]),
    on([float32(2, 3, 4), ints([0, -1])]),
    on([float32(1, 1), ints([])]),
    on([float32(2, 3, 4), ints([-1, 3, 1, 2])]),
    on([float32(0, 3), ints([-1, 3])]),
  ],
  Flatten: [0, 1, 2, 3, -1].map((axis) => on([float32(2, 3, 4)], { axis })),
  Transpose: [on([float32(2, 3, 4)]), on([float32(2, 3, 4)], { perm: [1, 2, 0] })],
  Expand: [on([float32(3, 1), ints([2, 1, 4])]), on([float32(3, 4), ints([1])]), on([float32(), ints([2])])],
  Tile: [on([float32(2, 3), ints([3, 1])]), on([float32(2, 3), ints([0, 2])])],
  Pad: [
    on([float32(2, 3), ints([1, 0, 2, 3]), float(7)]),
    on([float32(4, 5), ints([-1, 0, 1, -2])]),
    on([float32(4, 5), ints([3, 2, 1, 4])], { mode: 'reflect' }),
  ],
  Concat: [on([float32(2, 3), float32(2, 1), float32(2, 0)], { axis: -1 }), on([float32(2)], { axis: 0 })],
  Split: [
    on([float32(2, 6), ints([1, 2, 3])], { axis: -1 }, 3),
    on([float32(2, 6), ints([2])], {}, 1),
    on([float32(2, 6), ints([0, 2])], { axis: 0 }, 2),
  ],
  Slice: [
    on([float32(5, 6), ints([1]), ints([4])]),
    on([float32(5, 6), ints([-3, 1]), ints([1000, -1]), ints([1, 0])]),
    on([float32(5, 6), ints([1, 0]), ints([5, 6]), ints([0, 1]), ints([2, 4])]),
    on([float32(5, 6), ints([-1, 4]), ints([-1000, 0]), ints([0, 1]), ints([-1, -2])]),
    on([float32(5, 6), ints([1000]), ints([-1000]), ints([-1]), ints([-4])]),
    on([float32(5, 6), ints([-1000]), ints([1000]), ints([0]), ints([3])]),
    on([float32(5, 6), ints([3]), ints([3]), ints([0])]),
    on([float32(5, 6), ints([4]), ints([2]), ints([0])]),
  ],
  ConstantOfShape: [on([ints([2, 3])]), on([ints([])])],

  Gather: [on([float32(3, 4), int64(2, 5)]), on([float32(3, 4), int64()], { axis: -1 })],
  GatherND: [
    on([float32(3, 4, 5), int64(6, 2)]),
    on([float32(3, 4, 5), int64(3, 2, 1)], { batch_dims: 1 }),
    on([float32(3, 4), int64(2)]),
  ],
  ScatterElements: [
    on([float32(3, 4), int64(2, 4), float32(2, 4)], { reduction: 'add' }),
    on([float32(4), ints([0, 3, 2]), float32(3)], { axis: -1 }),
  ],

  If: [on([bool(), float32(2, 3)], branches(float32(2, 3)), 2)],
  'onnx-nas.Chosen': [on([float32(2, 3)])],

  'com.microsoft.nchwc.Conv': [
    on([blockedImage, float32(16, 32, 3, 3)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    on([blockedImage, float32(32, 1, 3, 3), float32(32)], {
      group: 32,
      strides: [2, 2],
      kernel_shape: [3, 3],
    }),
    on([blockedImage, float32(32, 32, 1, 1), float32(32), blockedImage], {
      kernel_shape: [1, 1],
      activation: 'Relu',
    }),
  ],
  'com.microsoft.nchwc.MaxPool': [
    on([blockedImage], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    on([blockedImage], { kernel_shape: [3, 3], strides: [2, 2] }),
  ],
  'com.microsoft.nchwc.AveragePool': [
    on([blockedImage], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  ],
  'com.microsoft.nchwc.GlobalAveragePool': [on([blockedImage])],
  'com.microsoft.nchwc.ReorderInput': [on([blockedImage])],
  'com.microsoft.nchwc.ReorderOutput': [
    on([blockedImage], { channels: 32 }),
    on([blockedImage], { channels: 30 }),
  ],
};
