/**
 * Computes a few operators on float32 constants, in plain JavaScript: those that weights pass through on their
 * way into a model. Each is rounded to float32 once, as onnxruntime does.
 */

import type { Attributes } from '../ir.ts';
import { broadcast, resolveAxis } from '../operators/shapes.ts';
import { sliceRanges } from '../operators/slicing.ts';
import { sizeOf } from '../shapes.ts';

/** A float32 tensor, row-major. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What an operator reads: float32 tensors, and the integers that describe a shape, axes or ranges. */
export type Operand = FloatTensor | readonly number[];

const isFloat = (operand: Operand | undefined): operand is FloatTensor =>
  operand !== undefined && 'data' in operand;
const isInts = (operand: Operand | undefined): operand is readonly number[] => Array.isArray(operand);

/** Computes the elements of an output of the given shape; undefined where the operands are of another kind. */
type Evaluator = (
  operands: readonly (Operand | undefined)[],
  attributes: Attributes,
  shape: readonly number[],
) => Float32Array | undefined;

/** Distances in memory between neighbours along each axis. */
const stridesOf = (shape: readonly number[]): readonly number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** For each index into `shape`, in row-major order, offset + index · strides. */
function positions(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  let result = Int32Array.of(offset);
  shape.forEach((size, axis) => {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(result.length * size);
    result.forEach((position, outer) => {
      for (let index = 0; index < size; index++) next[outer * size + index] = position + index * stride;
    });
    result = next;
  });
  return result;
}

const pick = (data: Float32Array, from: Int32Array): Float32Array =>
  Float32Array.from(from, (position) => data[position] ?? 0);

/** The elements of a tensor broadcast to a shape. */
function broadcastTo({ data, shape }: FloatTensor, target: readonly number[]): Float32Array {
  if (sizeOf(shape) === sizeOf(target)) return data;
  const own = stridesOf(shape);
  const missing = target.length - shape.length;
  const strides = target.map((_, axis) => (shape[axis - missing] === 1 ? 0 : (own[axis - missing] ?? 0)));
  return pick(data, positions(target, strides));
}

const unary =
  (compute: (x: number) => number): Evaluator =>
  ([x]) =>
    isFloat(x) ? x.data.map(compute) : undefined;

const binary =
  (compute: (a: number, b: number) => number): Evaluator =>
  ([a, b]) => {
    if (!isFloat(a) || !isFloat(b)) return undefined;
    const shape = broadcast([a.shape, b.shape]);
    const right = broadcastTo(b, shape);
    return broadcastTo(a, shape).map((element, index) => compute(element, right[index] ?? 0));
  };

/** The same elements under another shape, not copied. */
const reshape: Evaluator = ([x]) => (isFloat(x) ? x.data : undefined);

const transpose: Evaluator = ([x], { perm }, shape) => {
  if (!isFloat(x)) return undefined;
  const strides = stridesOf(x.shape);
  const axes = Array.isArray(perm) ? perm : [...x.shape.keys()].reverse();
  return pick(
    x.data,
    positions(
      shape,
      axes.map((axis: number) => strides[axis] ?? 0),
    ),
  );
};

const slice: Evaluator = ([x, starts, ends, axes, steps], _, shape) => {
  if (!isFloat(x) || !isInts(starts) || !isInts(ends)) return undefined;
  const ranges = sliceRanges(
    x.shape,
    starts,
    ends,
    isInts(axes) ? axes : undefined,
    isInts(steps) ? steps : undefined,
  );
  const own = stridesOf(x.shape);
  const strides = ranges.map(({ step }, axis) => step * (own[axis] ?? 0));
  const offset = ranges.reduce((sum, { start }, axis) => sum + start * (own[axis] ?? 0), 0);
  return pick(x.data, positions(shape, strides, offset));
};

/** Writes each input's rows, everything from the axis on, one after another. */
const concat: Evaluator = (operands, { axis }, shape) => {
  const parts = operands.filter(isFloat);
  if (parts.length !== operands.length || typeof axis !== 'number') return undefined;
  const rows = sizeOf(shape.slice(0, resolveAxis(axis, shape.length)));
  const result = new Float32Array(sizeOf(shape));
  let offset = 0;
  for (let row = 0; row < rows; row++) {
    for (const { data } of parts) {
      const length = data.length / rows;
      result.set(data.subarray(row * length, (row + 1) * length), offset);
      offset += length;
    }
  }
  return result;
};

/** The operators that can be computed on constants, by name. */
export const evaluators: Readonly<Record<string, Evaluator>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Neg: unary((x) => -x),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Reshape: reshape,
  Flatten: reshape,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
};
