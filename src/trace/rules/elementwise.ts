/** Element-wise kernels of several operands. */
import type { BinaryInputs } from '@tensorflow/tfjs';
import type { Builder } from '../../onnx/build.ts';
import type { Value } from '../../onnx/ir.ts';
import type { OperatorName } from '../../onnx/operators.ts';
import { tf } from '../../tfjs.ts';
import { perElement } from '../align.ts';
import { broadcast, broadcastShape } from '../broadcast.ts';
import { cast, castValue, numbersOf, scalar } from '../dtypes.ts';
import type { Rule, Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { addPhases } from '../phases.ts';
import type { Traced } from '../traced.ts';
import { activate } from './activation.ts';

type BinaryRule = Rule<BinaryInputs, Record<never, never>>;
type Formula = (graph: Builder, a: Value, b: Value) => Value;

/** A formula of numbers; of bools it is computed in int32. */
const arithmetic =
  (compute: Formula): BinaryRule =>
  (lower, { a, b }) => {
    const numbers = [a, b].map((x) => numbersOf(lower, x)) as [Traced, Traced];
    const result = perElement(lower, numbers, numbers[0].dtype, (x, y) => compute(lower.graph, x, y));
    return cast(lower, result, a.dtype);
  };

const binary = (op: OperatorName): BinaryRule => arithmetic((graph, a, b) => graph.node(op, [a, b]));

/** A comparison of numbers; of bools it is made in int32. */
const comparison =
  (op: OperatorName): BinaryRule =>
  (lower, { a, b }) => {
    const numbers = [a, b].map((x) => numbersOf(lower, x));
    return perElement(lower, numbers, 'bool', (x, y) => lower.graph.node(op, [x, y]));
  };

/** A formula of operands of any one type, which is a bool. */
const condition =
  (compute: Formula): BinaryRule =>
  (lower, { a, b }) =>
    perElement(lower, [a, b], 'bool', (x, y) => compute(lower.graph, x, y));

const logical = (op: OperatorName): BinaryRule => condition((graph, a, b) => graph.node(op, [a, b]));

/** Whether every element is 1, as in the tensors that tfjs multiplies with to broadcast a gradient. */
function isOne({ narrow, value }: Traced): boolean {
  const { source, type } = narrow?.value ?? value;
  return (
    source.kind === 'constant' &&
    type.dtype !== 'bool' &&
    source.data.length === 1 &&
    Number(source.data[0]) === 1
  );
}

function multiply(lower: Lowering, a: Traced, b: Traced): Traced | readonly Traced[] {
  if (isOne(b)) return broadcast(lower, a, broadcastShape([a, b]));
  if (isOne(a)) return broadcast(lower, b, broadcastShape([a, b]));
  return binary('Mul')(lower, { a, b }, {});
}

/** The angle of (x, y): the arctangent of y/x, turned by half a circle where x is negative. */
const atan2: Formula = (graph, y, x) => {
  const zero = graph.float(0);
  const upright = graph.node('Mul', [graph.node('Sign', [y]), graph.float(Math.PI / 2)]);
  const slope = graph.node('Atan', [graph.node('Div', [y, x])]);
  const half = graph.node('Where', [
    graph.node('Less', [y, zero]),
    graph.float(-Math.PI),
    graph.float(Math.PI),
  ]);
  const turn = graph.node('Where', [graph.node('Less', [x, zero]), half, zero]);
  return graph.node('Add', [graph.node('Where', [graph.node('Equal', [x, zero]), upright, slope]), turn]);
};

/** The remainder that has the divisor's sign; ONNX's Mod of floats has the dividend's. */
const floatModulo: Formula = (graph, a, b) => {
  const remainder = graph.node('Mod', [a, b], { fmod: 1 });
  const sides = graph.node('Mul', [graph.node('Sign', [remainder]), b]);
  const opposite = graph.node('Less', [sides, graph.float(0)]);
  return graph.node('Where', [opposite, graph.node('Add', [remainder, b]), remainder]);
};

/** Integers divide by zero to zero in tfjs; onnxruntime refuses to, so 1 takes the place of a zero. */
function integerDivisor(lower: Lowering, b: Value): { divisor: Value; isZero?: Value } {
  if (b.source.kind === 'constant' && !Array.from(b.source.data, Number).includes(0)) return { divisor: b };
  const isZero = lower.graph.node('Equal', [b, scalar(lower, 0, 'int32')]);
  return { divisor: lower.graph.node('Where', [isZero, scalar(lower, 1, 'int32'), b]), isZero };
}

/** Quotients rounded down; always int32. */
function floorDivide(lower: Lowering, a: Traced, b: Traced): Traced {
  const { graph } = lower;
  if (a.dtype === 'float32') {
    return perElement(lower, [a, b], 'int32', (x, y) =>
      castValue(lower, graph.node('Floor', [graph.node('Div', [x, y])]), 'int32'),
    );
  }
  const integers = [a, b].map((x) => cast(lower, x, 'int32'));
  return perElement(lower, integers, 'int32', (x, y) => {
    const { divisor, isZero } = integerDivisor(lower, y);
    const multiple = graph.node('Sub', [x, graph.node('Mod', [x, divisor])]);
    const quotient = graph.node('Div', [multiple, divisor]);
    return isZero ? graph.node('Where', [isZero, scalar(lower, 0, 'int32'), quotient]) : quotient;
  });
}

function modulo(lower: Lowering, a: Traced, b: Traced): Traced {
  if (a.dtype === 'float32') {
    return perElement(lower, [a, b], 'float32', (x, y) => floatModulo(lower.graph, x, y));
  }
  return perElement(lower, [a, b], a.dtype, (x, y) =>
    lower.graph.node('Mod', [x, integerDivisor(lower, y).divisor]),
  );
}

/** A chain of additions: onnxruntime's Sum works on one thread, and a convolution can take an addition in. */
function sum(lower: Lowering, terms: readonly Traced[]): Traced {
  const [first] = terms as [Traced];
  return perElement(lower, terms, first.dtype, (...values) =>
    values.reduce((total, value) => lower.graph.node('Add', [total, value])),
  );
}

/** t where the condition holds, else e. A vector as the condition chooses whole rows. */
function select(lower: Lowering, given: Traced, t: Traced, e: Traced): Traced {
  const { graph } = lower;
  const rows = given.shape.length === 1 && t.shape.length > 1;
  const shape = [...given.shape, ...Array<number>(t.shape.length - given.shape.length).fill(1)];
  const chosen = rows ? lower.traced(lower.reshape(given.value, shape), 'plain', shape, 'bool') : given;
  const dtype = tf.backend_util.upcastType(t.dtype, e.dtype);
  const operands = [chosen, cast(lower, t, dtype), cast(lower, e, dtype)];
  return perElement(lower, operands, dtype, (c, x, y) => {
    if (dtype !== 'bool') return graph.node('Where', [c, x, y]);
    // onnxruntime has no Where for bools.
    return graph.node('Or', [graph.node('And', [c, x]), graph.node('And', [graph.node('Not', [c]), y])]);
  });
}

export const elementwise = {
  Add: (lower, operands, attributes) =>
    addPhases(lower, operands.a, operands.b) ?? binary('Add')(lower, operands, attributes),
  AddN: (lower, terms) => sum(lower, terms),
  Atan2: arithmetic(atan2),
  EluGrad: (lower, { dy, y }) =>
    perElement(lower, [dy, y], 'float32', (gradient, value) => {
      const { graph } = lower;
      const slope = graph.node('Add', [value, graph.float(1)]);
      const positive = graph.node('GreaterOrEqual', [value, graph.float(0)]);
      return graph.node('Where', [positive, gradient, graph.node('Mul', [gradient, slope])]);
    }),
  Equal: logical('Equal'),
  FloorDiv: (lower, { a, b }) => floorDivide(lower, a, b),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Mod: (lower, { a, b }) => modulo(lower, a, b),
  Multiply: (lower, { a, b }) => multiply(lower, a, b),
  NotEqual: condition((graph, a, b) => graph.node('Not', [graph.node('Equal', [a, b])])),
  Pow: binary('Pow'),
  Prelu: (lower, { x, alpha }) => activate(lower, cast(lower, x, 'float32'), { activation: 'prelu' }, alpha),
  RealDiv: binary('Div'),
  Select: (lower, { condition: given, t, e }) => select(lower, given, t, e),
  SquaredDifference: arithmetic((graph, a, b) => {
    const difference = graph.node('Sub', [a, b]);
    return graph.node('Mul', [difference, difference]);
  }),
  Sub: binary('Sub'),
} satisfies Partial<Rules>;
