/** tfjs's element types: scalars of them, conversions between them. */
import type { DataType } from '@tensorflow/tfjs';
import { dataTypeNumbers } from '../onnx/data-types.ts';
import type { Value } from '../onnx/ir.ts';
import { perElement } from './align.ts';
import type { Lowering } from './lowering.ts';
import { onnxType, type Traced } from './traced.ts';

/** The elements of a tfjs tensor, from numbers. */
export function elementsOf(
  dtype: DataType,
  values: readonly number[],
): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'int32') return Int32Array.from(values);
  return dtype === 'bool' ? Uint8Array.from(values) : Float32Array.from(values);
}

/** A constant of one number. */
export const scalar = (lower: Lowering, value: number, dtype: DataType = 'float32'): Value =>
  lower.graph.constant(elementsOf(dtype, [value]), { dtype: onnxType(dtype), shape: [] });

/** A value of the graph as another of tfjs's types. */
export const castValue = (lower: Lowering, value: Value, dtype: DataType): Value =>
  value.type.dtype === onnxType(dtype)
    ? value
    : lower.graph.node('Cast', [value], { to: dataTypeNumbers[onnxType(dtype)] });

/** int32 as the int64 that some operators want their indices in. */
export const toInt64 = (lower: Lowering, value: Value): Value =>
  lower.graph.node('Cast', [value], { to: dataTypeNumbers.int64 });

/** The tensor as numbers: bools count as integers. */
export const numbersOf = (lower: Lowering, x: Traced): Traced =>
  x.dtype === 'bool' ? cast(lower, x, 'int32') : x;

/** The tensor in another type; its layout stays. */
export const cast = (lower: Lowering, x: Traced, dtype: DataType): Traced =>
  x.dtype === dtype ? x : perElement(lower, [x], dtype, (value) => castValue(lower, value, dtype));
