import type { DataType, TensorData, TensorType } from '../onnx/ir.ts';

/**
 * A tensor at run time. Elements are row-major: one byte an element for `bool`, raw bits for `float16`,
 * an array for `string`.
 */
export interface Tensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: TensorData | readonly string[];
}

/** Tensors by the name of the input or output that they belong to. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/**
 * One input or output of a model. An empty shape stands for a scalar and for a tensor of undeclared rank:
 * onnxruntime reports the two alike.
 */
export interface TensorSignature extends TensorType {
  readonly name: string;
}

/** The number of elements of a tensor of this shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
