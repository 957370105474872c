/**
 * Traced values and their layouts.
 *
 * tfjs sees a tensor of some logical shape; the graph holds it in one of three physical layouts:
 *
 * | layout    | logical        | physical shape            | memory order                                   |
 * |-----------|----------------|---------------------------|------------------------------------------------|
 * | `plain`   | any            | the same                  | row-major                                      |
 * | `nchw`    | [N, H, W, C]   | [N, C, H, W]              | row-major                                      |
 * | `blocked` | [N, H, W, C]   | [N, C, H, W] (as shape)   | row-major of [N, C/B, H, W, B], B = the block  |
 *
 * The blocked layout is onnxruntime's internal one (domain `com.microsoft.nchwc`). Its operators see the shape
 * [N, C, H, W]; element-wise operators need not care about the order; what must see the blocks reshapes to
 * five dimensions (`toBlocks`).
 */
import type { TensorInfo, DataType as TfDataType } from '@tensorflow/tfjs';
import type { DataType, Value } from '../onnx/ir.ts';
import type { Phases } from './phases.ts';

export type Layout = 'plain' | 'nchw' | 'blocked';

export interface Traced {
  readonly value: Value;
  readonly layout: Layout;
  /** The logical shape, as tfjs sees it. */
  readonly shape: readonly number[];
  readonly dtype: TfDataType;
  /** A smaller value that broadcasts to this one: what element-wise operators read instead (`broadcast.ts`). */
  readonly narrow?: Traced;
  /** The parts that the value is put together from where it is asked for: what additions read instead (`phases.ts`). */
  readonly phases?: Phases;
}

/** What tfjs's own helper functions read of a tensor: the shape, above all. */
export const tensorInfo = ({ shape, dtype, value }: Traced): TensorInfo => ({
  dataId: value,
  shape: [...shape],
  dtype,
});

const onnxTypes: Partial<Record<TfDataType, DataType>> = { float32: 'float32', int32: 'int32', bool: 'bool' };

/** The ONNX element type of a tfjs one. Throws for `complex64` and `string`, which the tracer does not know. */
export function onnxType(dtype: TfDataType): DataType {
  const type = onnxTypes[dtype];
  if (!type)
    throw new Error(`the onnx backend has no tensors of type ${dtype} (it has float32, int32, bool)`);
  return type;
}

/** The physical position of a logical axis of a rank-4 value, for the layouts whose physical rank is 4. */
export const physicalAxes: Record<Layout, readonly number[]> = {
  plain: [0, 1, 2, 3],
  nchw: [0, 2, 3, 1],
  blocked: [0, 2, 3, 1],
};

/** The logical axis at each physical position. */
const logicalAxes: Record<Layout, readonly number[]> = {
  plain: [0, 1, 2, 3],
  nchw: [0, 3, 1, 2],
  blocked: [0, 3, 1, 2],
};

/** Per-axis entries (sizes, begins, paddings, …) of a logical rank-4 value in physical order. */
export const toPhysical = <T>(layout: Layout, entries: readonly T[]): T[] =>
  layout === 'plain' ? [...entries] : logicalAxes[layout].map((axis) => entries[axis] as T);
