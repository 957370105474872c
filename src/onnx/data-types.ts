/** What each element type is called in an ONNX file and how it is kept in memory. */

import type { DataType, TensorData } from './ir.ts';

/** `TensorProto.DataType` of the ONNX specification: the number that stands for a type in files and in `Cast`'s `to`. */
export const dataTypeNumbers: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

const dataTypes = new Map(
  (Object.keys(dataTypeNumbers) as DataType[]).map((dtype) => [dataTypeNumbers[dtype], dtype]),
);

/** The type that a `TensorProto.DataType` number stands for, undefined for one that we do not know. */
export const dataTypeOfNumber = (number: number): DataType | undefined => dataTypes.get(number);

/** The typed array that holds a constant's elements; strings have none. */
export const typedArrays: Readonly<Record<Exclude<DataType, 'string'>, new (length: number) => TensorData>> =
  {
    float32: Float32Array,
    float64: Float64Array,
    float16: Uint16Array,
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    int64: BigInt64Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    uint64: BigUint64Array,
    bool: Uint8Array,
  };

export const floatTypes: readonly DataType[] = ['float16', 'float32', 'float64'];
export const signedTypes: readonly DataType[] = ['int8', 'int16', 'int32', 'int64'];
const unsignedTypes: readonly DataType[] = ['uint8', 'uint16', 'uint32', 'uint64'];
export const indexTypes: readonly DataType[] = ['int32', 'int64'];
const integerTypes: readonly DataType[] = [...signedTypes, ...unsignedTypes];
export const numberTypes: readonly DataType[] = [...floatTypes, ...integerTypes];

/** The largest finite float32. */
export const float32Max: number = (2 - 2 ** -23) * 2 ** 127;
