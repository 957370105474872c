/** The functions that are traced, and what they are called with. */
import type { DataType, Tensor } from '@tensorflow/tfjs';

export type Tensors = Record<string, Tensor>;

/** A function of named tensors to named tensors, in tfjs operations, without side effects. */
export type TensorFunction = (inputs: Tensors) => Tensors;

export interface TensorSpec {
  /** A named dimension, e.g. `'N'`, is left open: the graph takes any size there. */
  readonly shape: readonly (number | string)[];
  readonly dtype: Extract<DataType, 'float32' | 'int32' | 'bool'>;
}

/** The inputs of a function, by name, in order. */
export type Signature = Readonly<Record<string, TensorSpec>>;

/** A function of exactly the tensors of a signature. */
export type FunctionOf<Inputs extends Signature> = (inputs: { [Name in keyof Inputs]: Tensor }) => Tensors;

/** A float32 tensor of a shape; a name is an open dimension: `float32('N', 3, 32, 32)`. */
export const float32 = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'float32' });

/** An int32 tensor of a shape: `int32('N')`. */
export const int32 = (...shape: (number | string)[]): TensorSpec => ({ shape, dtype: 'int32' });

/** A function to compile, and the tensors that it takes. */
export interface Step {
  readonly fn: TensorFunction;
  readonly signature: Signature;
}
