/** Constants as `TensorProto` and back. */

import type { onnx as Onnx } from 'onnx-proto';
import { InputError } from '../../errors.ts';
import { dataTypeNumbers, dataTypeOfNumber, typedArrays } from '../data-types.ts';
import type { DataType, TensorData, TensorType } from '../ir.ts';
import { onnx } from './proto.ts';

/** A constant as a message. Node.js runs on little-endian machines only, so memory is already in the file's order. */
export const encodeTensor = (data: TensorData, type: TensorType, name = ''): Onnx.ITensorProto => ({
  name,
  dataType: dataTypeNumbers[type.dtype],
  dims: type.shape.map((dimension) => {
    if (typeof dimension === 'number') return dimension;
    throw new Error(`the constant ${name} has the symbolic dimension ${dimension}`);
  }),
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

type ListField = 'floatData' | 'doubleData' | 'int64Data' | 'uint64Data' | 'int32Data';

/** Where other writers may put the elements instead of into the raw bytes (onnx.proto3, `TensorProto`). */
const listFields: Partial<Readonly<Record<DataType, ListField>>> = {
  float32: 'floatData',
  float64: 'doubleData',
  int64: 'int64Data',
  uint32: 'uint64Data',
  uint64: 'uint64Data',
};

/** Elements from a list field; 64-bit integers are objects of the class Long, which print themselves. */
function fromList(list: readonly unknown[], dtype: Exclude<DataType, 'string'>): TensorData {
  const data = new typedArrays[dtype](list.length);
  list.forEach((element, index) => {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      data[index] = BigInt(String(element));
    else data[index] = Number(String(element));
  });
  return data;
}

function fromBytes(bytes: Uint8Array, dtype: Exclude<DataType, 'string'>, name: string): TensorData {
  const TypedArray = typedArrays[dtype];
  if (bytes.byteLength % TypedArray.BYTES_PER_ELEMENT !== 0) {
    throw new InputError(
      `the constant ${name} has ${bytes.byteLength} bytes, which are no ${dtype} elements`,
    );
  }
  // Copied, since a typed array must start at a multiple of its element size.
  return new TypedArray(new Uint8Array(bytes).buffer);
}

/** A message as a constant. Throws an InputError where it cannot be held in memory or is damaged. */
export function decodeTensor(tensor: Onnx.ITensorProto): {
  readonly type: TensorType;
  readonly data: TensorData;
} {
  const name = tensor.name || 'without name';
  const dtype = dataTypeOfNumber(tensor.dataType ?? 0);
  if (dtype === undefined || dtype === 'string') {
    throw new InputError(`the constant ${name} has the data type ${tensor.dataType}, which is not supported`);
  }
  if (tensor.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL) {
    throw new InputError(`the constant ${name} lies in another file, which is not supported`);
  }
  const shape = (tensor.dims ?? []).map((dimension) => Number(String(dimension)));
  const bytes = tensor.rawData ?? new Uint8Array();
  const data =
    bytes.byteLength > 0
      ? fromBytes(bytes, dtype, name)
      : fromList(tensor[listFields[dtype] ?? 'int32Data'] ?? [], dtype);
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (data.length !== count || shape.some((dimension) => dimension < 0)) {
    throw new InputError(`the constant ${name} of shape [${shape}] has ${data.length} elements`);
  }
  return { type: { dtype, shape }, data };
}
