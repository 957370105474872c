/** Several requests as one batch and back: tensors joined and divided along their first dimension. */

import type { DataType, TensorData } from '../../onnx/ir.ts';
import { datatypes } from '../protocol/datatypes.ts';
import { type NamedTensors, sizeOf, type Tensor } from '../tensor.ts';

/** How many rows a request has: the first length that its tensors share; undefined where they do not. */
export function rowsOf(tensors: NamedTensors): number | undefined {
  let rows: number | undefined;
  for (const { shape } of tensors.values()) {
    if (shape.length === 0 || (rows !== undefined && shape[0] !== rows)) return undefined;
    rows = shape[0];
  }
  return rows;
}

/** Equal for requests whose rows have equal shapes. */
export function shapeKey(tensors: NamedTensors): string {
  let key = '';
  for (const { shape } of tensors.values()) key += `${shape.slice(1).join(' ')};`;
  return key;
}

/**
 * The rows of all requests, in order, in new arrays.
 *
 * @param requests with the same names, datatypes and shapes of rows
 * @param padded the rows to have in all; those that are missing are zeros (empty strings)
 */
export function mergeRows(requests: readonly NamedTensors[], padded = 0): Map<string, Tensor> {
  const [head] = requests;
  if (!head) throw new Error('no requests to merge');
  const merged = new Map<string, Tensor>();
  for (const [name, { dtype, shape }] of head) {
    const parts = requests.map((tensors) => tensorNamed(tensors, name));
    const rows = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
    const whole = [Math.max(rows, padded), ...shape.slice(1)];
    merged.set(name, { dtype, shape: whole, data: joined(dtype, sizeOf(whole), parts) });
  }
  return merged;
}

function joined(dtype: DataType, size: number, parts: readonly Tensor[]): Tensor['data'] {
  const whole = datatypes[dtype].zeros(size);
  let at = 0;
  for (const { data } of parts) {
    if (isNumeric(whole) && isNumeric(data)) whole.set(data as never, at);
    else for (let i = 0; i < data.length; i++) (whole as string[])[at + i] = String(data[i]);
    at += data.length;
  }
  return whole;
}

/**
 * Each request's part of the batch's results. The parts of numbers are views, not copies; rows that belong to no
 * request (padding) are left out.
 *
 * @param rows of each request, in order
 * @throws Error where a result does not have a row for each row of the batch
 */
export function splitRows(
  results: NamedTensors,
  rows: readonly number[],
  total: number,
): Map<string, Tensor>[] {
  const parts = rows.map(() => new Map<string, Tensor>());
  for (const [name, { dtype, shape, data }] of results) {
    if (shape[0] !== total) {
      throw new Error(
        `output ${name} of a batch of ${total} has shape [${shape}]: its first dimension is no batch dimension`,
      );
    }
    const rest = shape.slice(1);
    const stride = sizeOf(rest);
    let at = 0;
    rows.forEach((count, i) => {
      const [begin, end] = [at * stride, (at + count) * stride];
      const part = isNumeric(data) ? data.subarray(begin, end) : data.slice(begin, end);
      parts[i]?.set(name, { dtype, shape: [count, ...rest], data: part as Tensor['data'] });
      at += count;
    });
  }
  return parts;
}

const isNumeric = (data: Tensor['data']): data is TensorData => ArrayBuffer.isView(data);

function tensorNamed(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`a request of the batch has no ${name}`);
  return tensor;
}
