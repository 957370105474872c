/** Kernels that make tensors out of numbers. */
import type { DataType, OneHotAttrs, RangeAttrs } from '@tensorflow/tfjs';
import { perElement } from '../align.ts';
import { broadcast } from '../broadcast.ts';
import { castValue, elementsOf, scalar } from '../dtypes.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { onnxType, type Traced } from '../traced.ts';
import { reshape } from './shape.ts';

/** A constant vector. */
export function vector(lower: Lowering, values: readonly number[], dtype: DataType): Traced {
  const shape = [values.length];
  const value = lower.graph.constant(elementsOf(dtype, values), { dtype: onnxType(dtype), shape });
  return lower.traced(value, 'plain', shape, dtype);
}

/** A tensor of one number. */
export const filled = (lower: Lowering, shape: readonly number[], number: number, dtype: DataType): Traced =>
  broadcast(lower, lower.traced(scalar(lower, number, dtype), 'plain', [], dtype), shape);

/** `count` numbers, each the sum of the one before and the step, rounded to the type each time as in tfjs. */
function steps(lower: Lowering, count: number, start: number, step: number, dtype: DataType): Traced {
  const values = elementsOf(dtype, Array<number>(count).fill(start));
  for (let i = 1; i < count; i++) values[i] = (values[i - 1] as number) + step;
  return vector(lower, [...values], dtype);
}

/** tfjs turns the default step of 1 around where the range goes down, and finds nothing where a step leads away. */
function range(lower: Lowering, { start, stop, step, dtype }: RangeAttrs): Traced {
  const leadsAway = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  const count = leadsAway ? 0 : Math.abs(Math.ceil((stop - start) / step));
  return steps(lower, count, start, stop < start && step === 1 ? -1 : step, dtype);
}

/** On at the position of the index along a new last axis; nowhere for an index that has no position there. */
function oneHot(lower: Lowering, indices: Traced, { depth, onValue, offValue, dtype }: OneHotAttrs): Traced {
  const positions = vector(lower, [...Array(depth).keys()], 'int32');
  const column = reshape(lower, indices, [...indices.shape, 1]);
  return perElement(lower, [column, positions], dtype, (index, position) => {
    const on = lower.graph.node('Equal', [index, position]);
    return onValue === 1 && offValue === 0
      ? castValue(lower, on, dtype)
      : lower.graph.node('Where', [on, scalar(lower, onValue, dtype), scalar(lower, offValue, dtype)]);
  });
}

export const creation = {
  Fill: (lower, _, { shape, value, dtype }) => {
    if (typeof value === 'string') throw new Error('the onnx backend has no tensors of strings');
    return filled(lower, shape, value, dtype ?? 'float32');
  },
  LinSpace: (lower, _, { start, stop, num }) =>
    steps(lower, num, start, (stop - start) / (num - 1), 'float32'),
  OneHot: (lower, { indices }, attributes) => oneHot(lower, indices, attributes),
  Range: (lower, _, attributes) => range(lower, attributes),
} satisfies Partial<Rules>;
