/** Operators along axes: reductions, positions of extremes, running sums, normalisations over an axis. */

import { floatTypes, numberTypes } from '../data-types.ts';
import type { DataType } from '../ir.ts';
import { input, intAttribute, ints, intsAttribute, type Operator, optionalInts } from './operator.ts';
import { ensure, ensureDtype, resolveAxes, resolveAxis } from './shapes.ts';

const reducible: readonly DataType[] = [...floatTypes, 'int32', 'int64', 'uint32', 'uint64'];

/** The shape without the given axes, or with 1 in their places. */
function reducedShape(
  shape: readonly number[],
  axes: readonly number[],
  keepdims: boolean,
): readonly number[] {
  const reduced = new Set(resolveAxes(axes, shape.length));
  return keepdims
    ? shape.map((dimension, axis) => (reduced.has(axis) ? 1 : dimension))
    : shape.filter((_, axis) => !reduced.has(axis));
}

const allAxes = (shape: readonly number[]): readonly number[] => [...shape.keys()];

/** A reduction that takes its axes as an attribute (up to opset 17); none given means all. */
const reduction = (since: number, allowed = reducible): Operator => ({
  since,
  inputs: [1, 1],
  attributes: { axes: 'ints', keepdims: 'int' },
  infer: (inputs, attributes) => {
    const { dtype, shape } = input(inputs, 0);
    ensureDtype({ dtype, shape }, allowed, 'the input');
    const axes = intsAttribute(attributes, 'axes', allAxes(shape));
    return [{ dtype, shape: reducedShape(shape, axes, intAttribute(attributes, 'keepdims', 1) === 1) }];
  },
});

/** The position, int64, of an extreme along one axis. */
const position: Operator = {
  since: 12,
  inputs: [1, 1],
  attributes: { axis: 'int', keepdims: 'int' },
  infer: (inputs, attributes) => {
    const { dtype, shape } = input(inputs, 0);
    ensureDtype({ dtype, shape }, numberTypes, 'the input');
    const axes = [intAttribute(attributes, 'axis', 0)];
    const keepdims = intAttribute(attributes, 'keepdims', 1) === 1;
    return [{ dtype: 'int64', shape: reducedShape(shape, axes, keepdims) }];
  },
};

/** A normalisation along one axis, by default the last; the shape stays. */
const alongAxis: Operator = {
  since: 13,
  inputs: [1, 1],
  attributes: { axis: 'int' },
  infer: (inputs, attributes) => {
    const x = input(inputs, 0);
    ensureDtype(x, floatTypes, 'the input');
    resolveAxis(intAttribute(attributes, 'axis', -1), x.shape.length);
    return [x];
  },
};

export const reductions = {
  /** Takes its axes as an input (since 13), unlike the other reductions of this dialect. */
  ReduceSum: {
    since: 13,
    inputs: [1, 2],
    attributes: { keepdims: 'int' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      ensureDtype({ dtype, shape }, reducible, 'the input');
      const given = optionalInts(inputs, 1) ?? [];
      const axes = given.length > 0 ? given : allAxes(shape);
      return [{ dtype, shape: reducedShape(shape, axes, intAttribute(attributes, 'keepdims', 1) === 1) }];
    },
  },
  ReduceMean: reduction(11),
  ReduceMax: reduction(12, [...reducible, 'int8', 'uint8']),
  ReduceMin: reduction(12, [...reducible, 'int8', 'uint8']),
  ReduceProd: reduction(11),
  ArgMax: position,
  ArgMin: position,
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  /** Inputs: the tensor and the axis, a scalar. */
  CumSum: {
    since: 11,
    inputs: [2, 2],
    attributes: { exclusive: 'int', reverse: 'int' },
    infer: (inputs) => {
      const x = input(inputs, 0);
      ensureDtype(x, reducible, 'the input');
      const axis = input(inputs, 1);
      ensureDtype(axis, ['int32', 'int64'], 'the axis');
      ensure(axis.shape.length === 0, () => 'the axis must be a scalar');
      return [x];
    },
  },
  /** Inputs: the tensor and K, int64 of shape [1]. Outputs: the values and their int64 positions. */
  TopK: {
    since: 11,
    inputs: [2, 2],
    attributes: { axis: 'int', largest: 'int', sorted: 'int' },
    infer: (inputs, attributes) => {
      const x = input(inputs, 0);
      ensureDtype(x, numberTypes, 'the input');
      const [count, ...more] = ints(inputs, 1);
      ensure(count !== undefined && more.length === 0, () => 'K must have one element');
      const axis = resolveAxis(intAttribute(attributes, 'axis', -1), x.shape.length);
      ensure(
        count >= 0 && count <= (x.shape[axis] ?? 0),
        () => `K is ${count}; axis ${axis} has ${x.shape[axis]}`,
      );
      const shape = x.shape.with(axis, count);
      return [
        { dtype: x.dtype, shape },
        { dtype: 'int64', shape },
      ];
    },
  },
} satisfies Record<string, Operator>;
