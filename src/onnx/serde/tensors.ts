/** Constants as `TensorProto`. */

import type { onnx as Onnx } from 'onnx-proto';
import { dataTypeNumbers } from '../data-types.ts';
import type { TensorData, TensorType } from '../ir.ts';

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
