/** `TensorProto` as constants, from any writer's file. */

import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { InputError } from '../../src/errors.ts';
import { dataTypeOfNumber, typedArrays } from '../../src/onnx/data-types.ts';
import type { DataType, TensorData, TensorType } from '../../src/onnx/ir.ts';

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
  const { BYTES_PER_ELEMENT: width } = new typedArrays[dtype](0);
  if (bytes.byteLength % width !== 0) {
    throw new InputError(
      `the constant ${name} has ${bytes.byteLength} bytes, which are no ${dtype} elements`,
    );
  }
  // Copied, since a typed array must start at a multiple of its element size.
  const data = new typedArrays[dtype](bytes.byteLength / width);
  new Uint8Array(data.buffer).set(bytes);
  return data;
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
  if (tensor.dataLocation === onnxProto.onnx.TensorProto.DataLocation.EXTERNAL) {
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
