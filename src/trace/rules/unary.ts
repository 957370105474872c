/** Element-wise kernels of one operand. */

import type { UnaryInputs } from '@tensorflow/tfjs';
import type { Builder } from '../../onnx/build.ts';
import { float32Max } from '../../onnx/data-types.ts';
import type { Value } from '../../onnx/ir.ts';
import type { OperatorName } from '../../onnx/operators.ts';
import { perElement } from '../align.ts';
import { cast, castValue, scalar } from '../dtypes.ts';
import type { Rule, Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { activate } from './activation.ts';
import { filled } from './creation.ts';

type None = Record<never, never>;
type UnaryRule = Rule<UnaryInputs, None>;
type Formula = (graph: Builder, x: Value) => Value;

/** A formula in float32. Other types go through it and come back, as tfjs keeps the operand's type. */
const formula =
  (compute: Formula): UnaryRule =>
  (lower, { x }) => {
    const real = cast(lower, x, 'float32');
    const result = perElement(lower, [real], 'float32', (value) => compute(lower.graph, value));
    return cast(lower, result, x.dtype);
  };

/** One operator of floats. */
const unary = (op: OperatorName): UnaryRule => formula((graph, x) => graph.node(op, [x]));

/** One operator that takes integers as well. */
const numeric =
  (op: OperatorName): UnaryRule =>
  (lower, { x }) =>
    x.dtype === 'bool'
      ? unary(op)(lower, { x }, {})
      : perElement(lower, [x], x.dtype, (value) => lower.graph.node(op, [value]));

/** A property of floats. */
const predicate =
  (compute: Formula): UnaryRule =>
  (lower, { x }) =>
    perElement(lower, [cast(lower, x, 'float32')], 'bool', (value) => compute(lower.graph, value));

/** The operand kept between two numbers. */
const clip = (lower: Lowering, x: Traced, low: number, high: number): Traced =>
  // The bounds of integers are truncated like any number that tfjs stores as an integer.
  perElement(lower, [x], x.dtype, (value) =>
    lower.graph.node('Clip', [value, scalar(lower, low, x.dtype), scalar(lower, high, x.dtype)]),
  );

/** eˣ − 1 = tanh(x/2)·(eˣ + 1): without the cancellation near 0. */
const expm1: Formula = (graph, x) => {
  const half = graph.node('Tanh', [graph.node('Mul', [x, graph.float(0.5)])]);
  return graph.node('Mul', [half, graph.node('Add', [graph.node('Exp', [x]), graph.float(1)])]);
};

/** log(1 + x); where 1 + x would lose digits of x, as 2·artanh(x/(x + 2)). */
const log1p: Formula = (graph, x) => {
  const near = graph.node('Less', [graph.node('Abs', [x]), graph.float(0.5)]);
  const ratio = graph.node('Div', [x, graph.node('Add', [x, graph.float(2)])]);
  const exact = graph.node('Mul', [graph.node('Atanh', [ratio]), graph.float(2)]);
  const plain = graph.node('Log', [graph.node('Add', [x, graph.float(1)])]);
  return graph.node('Where', [near, exact, plain]);
};

const finite: Formula = (graph, x) =>
  graph.node('Not', [graph.node('Or', [graph.node('IsNaN', [x]), graph.node('IsInf', [x])])]);

/** max(0, min(1, αx)) with so large an α is 1 where x > 0, else 0: one pass, where a comparison and a cast are two. */
const steep = { alpha: { float: float32Max }, beta: { float: 0 } };

export const unaries = {
  Abs: numeric('Abs'),
  Acos: unary('Acos'),
  Acosh: unary('Acosh'),
  Asin: unary('Asin'),
  Asinh: unary('Asinh'),
  Atan: unary('Atan'),
  Atanh: unary('Atanh'),
  Cast: (lower, { x }, { dtype }) => cast(lower, x, dtype),
  Ceil: unary('Ceil'),
  ClipByValue: (lower, { x }, { clipValueMin, clipValueMax }) => clip(lower, x, clipValueMin, clipValueMax),
  Cos: unary('Cos'),
  Cosh: unary('Cosh'),
  Elu: unary('Elu'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expm1: formula(expm1),
  Floor: unary('Floor'),
  Identity: (_, { x }) => x,
  IsFinite: predicate(finite),
  IsInf: predicate((graph, x) => graph.node('IsInf', [x])),
  IsNan: predicate((graph, x) => graph.node('IsNaN', [x])),
  LeakyRelu: (lower, { x }, { alpha }) =>
    activate(lower, cast(lower, x, 'float32'), { activation: 'leakyrelu', leakyreluAlpha: alpha }),
  Log: unary('Log'),
  Log1p: formula(log1p),
  LogicalNot: (lower, { x }) =>
    perElement(lower, [cast(lower, x, 'bool')], 'bool', (value) => lower.graph.node('Not', [value])),
  Neg: numeric('Neg'),
  OnesLike: (lower, { x }) => filled(lower, x.shape, 1, x.dtype),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Relu6: (lower, { x }) => clip(lower, x, 0, 6),
  Round: unary('Round'),
  Rsqrt: formula((graph, x) => graph.node('Reciprocal', [graph.node('Sqrt', [x])])),
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Sign: numeric('Sign'),
  Sin: unary('Sin'),
  Sinh: unary('Sinh'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: (lower, { x }) =>
    perElement(lower, [x], x.dtype, (value) => lower.graph.node('Mul', [value, value])),
  Step: (lower, { x }, { alpha }) =>
    perElement(lower, [x], x.dtype, (value) => {
      if (alpha === 0 && x.dtype === 'float32') return lower.graph.node('HardSigmoid', [value], steep);
      const positive = lower.graph.node('Greater', [value, scalar(lower, 0, x.dtype)]);
      if (alpha === 0) return castValue(lower, positive, x.dtype);
      return lower.graph.node('Where', [positive, scalar(lower, 1, x.dtype), scalar(lower, alpha, x.dtype)]);
    }),
  Tan: unary('Tan'),
  Tanh: unary('Tanh'),
  ZerosLike: (lower, { x }) => filled(lower, x.shape, 0, x.dtype),
} satisfies Partial<Rules>;
