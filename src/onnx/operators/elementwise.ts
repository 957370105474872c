/** Operators that compute each element on its own: arithmetic, comparison, logic, activations, casts. */

import { dataTypeOfNumber, floatTypes, numberTypes, signedTypes } from '../data-types.ts';
import type { DataType } from '../ir.ts';
import { everyInput, input, intAttribute, type Operator, optionalInput } from './operator.ts';
import { broadcast, commonDtype, ensure, ensureBroadcastTo, ensureDtype, ensureRank } from './shapes.ts';

const signedNumbers = [...floatTypes, ...signedTypes];
const bool: readonly DataType[] = ['bool'];
const anyType: readonly DataType[] = [...numberTypes, 'bool'];

/** One input; the output has its shape, and its dtype unless another is given. */
const unary = (
  since: number,
  allowed: readonly DataType[] = floatTypes,
  attributes: Operator['attributes'] = {},
  result?: DataType,
): Operator => ({
  since,
  inputs: [1, 1],
  attributes,
  infer: (inputs) => {
    const x = input(inputs, 0);
    ensureDtype(x, allowed, 'the input');
    return [{ dtype: result ?? x.dtype, shape: x.shape }];
  },
});

/** Inputs of one dtype that broadcast to the output. */
const broadcasting = (
  since: number,
  arity: Operator['inputs'],
  allowed: readonly DataType[],
  result?: DataType,
  attributes: Operator['attributes'] = {},
): Operator => ({
  since,
  inputs: arity,
  attributes,
  infer: (inputs) => {
    const types = everyInput(inputs);
    const dtype = commonDtype(types);
    types.forEach((type, index) => {
      ensureDtype(type, allowed, `input ${index}`);
    });
    return [{ dtype: result ?? dtype, shape: broadcast(types.map((type) => type.shape)) }];
  },
});

const arithmetic = (since: number): Operator => broadcasting(since, [2, 2], numberTypes);
const comparison = (since: number, allowed = numberTypes): Operator =>
  broadcasting(since, [2, 2], allowed, 'bool');
const logical = (since: number): Operator => broadcasting(since, [2, 2], bool, 'bool');
const variadic = broadcasting(12, [1, Number.POSITIVE_INFINITY], numberTypes);

export const elementwise = {
  Add: arithmetic(7),
  Sub: arithmetic(7),
  Mul: arithmetic(7),
  Div: arithmetic(7),
  Mod: broadcasting(10, [2, 2], numberTypes, undefined, { fmod: 'int' }),
  /** The exponent may have a dtype of its own (since 12). */
  Pow: {
    since: 12,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const [base, exponent] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(base, [...floatTypes, 'int32', 'int64'], 'the base');
      ensureDtype(exponent, numberTypes, 'the exponent');
      return [{ dtype: base.dtype, shape: broadcast([base.shape, exponent.shape]) }];
    },
  },

  Max: variadic,
  Min: variadic,

  Neg: unary(6, signedNumbers),
  Abs: unary(6, numberTypes),
  Sign: unary(9, numberTypes),
  Sqrt: unary(6),
  Exp: unary(6),
  Log: unary(6),
  Reciprocal: unary(6),
  Floor: unary(6),
  Ceil: unary(6),
  Round: unary(11),
  Sin: unary(7),
  Cos: unary(7),
  Tan: unary(7),
  Asin: unary(7),
  Acos: unary(7),
  Atan: unary(7),
  Sinh: unary(9),
  Cosh: unary(9),
  Tanh: unary(6),
  Asinh: unary(9),
  Acosh: unary(9),
  Atanh: unary(9),
  Erf: unary(9, numberTypes),

  Sigmoid: unary(6),
  /** Integers since 14; the floating-point form since 6. */
  Relu: unary(6),
  Elu: unary(6),
  Selu: unary(6),
  LeakyRelu: unary(6, floatTypes, { alpha: 'float' }),
  Softplus: unary(1),
  HardSigmoid: unary(6, floatTypes, { alpha: 'float', beta: 'float' }),
  /** The slope broadcasts to the input, not the other way round. */
  PRelu: {
    since: 9,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const [x, slope] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(x, [...floatTypes, 'int32', 'int64', 'uint32', 'uint64'], 'the input');
      ensureBroadcastTo(slope, x.shape, 'the slope');
      return [{ dtype: commonDtype([x, slope]), shape: x.shape }];
    },
  },
  /** Inputs: the tensor, the scalar minimum and the scalar maximum, either of which may be omitted. */
  Clip: {
    since: 12,
    inputs: [1, 3],
    attributes: {},
    infer: (inputs) => {
      const x = input(inputs, 0);
      ensureDtype(x, numberTypes, 'the input');
      for (const bound of [optionalInput(inputs, 1), optionalInput(inputs, 2)]) {
        if (!bound) continue;
        ensureRank(bound, 0, 'a bound');
        commonDtype([x, bound]);
      }
      return [x];
    },
  },

  Not: unary(1, bool),
  And: logical(7),
  Or: logical(7),
  Xor: logical(7),
  Equal: comparison(11, anyType),
  Greater: comparison(9),
  GreaterOrEqual: comparison(12),
  Less: comparison(9),
  LessOrEqual: comparison(12),
  IsNaN: unary(9, floatTypes, {}, 'bool'),
  IsInf: unary(10, ['float32', 'float64'], {}, 'bool'),

  Where: {
    since: 9,
    inputs: [3, 3],
    attributes: {},
    infer: (inputs) => {
      const [condition, x, y] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)];
      ensureDtype(condition, bool, 'the condition');
      return [{ dtype: commonDtype([x, y]), shape: broadcast([condition.shape, x.shape, y.shape]) }];
    },
  },
  /** The attribute `to` is a `TensorProto.DataType` (`dataTypeNumbers`). */
  Cast: {
    since: 9,
    inputs: [1, 1],
    attributes: { to: 'int' },
    infer: (inputs, attributes) => {
      const to = intAttribute(attributes, 'to');
      const dtype = dataTypeOfNumber(to);
      ensure(dtype !== undefined, () => `the attribute to is ${to}, which is not a data type`);
      return [{ dtype, shape: input(inputs, 0).shape }];
    },
  },
  Identity: unary(1, [...anyType, 'string']),
} satisfies Record<string, Operator>;
