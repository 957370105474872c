/** Operands of one element-wise operator, brought into one layout, with tfjs's broadcasting. */

import type { DataType } from '@tensorflow/tfjs';
import type { Value } from '../onnx/ir.ts';
import { sameShape, sizeOf } from '../onnx/shapes.ts';
import { broadcast, broadcastShape, imageOperand, oneElement } from './broadcast.ts';
import type { Lowering } from './lowering.ts';
import type { Layout, Traced } from './traced.ts';

export interface Aligned {
  /** The operands; ONNX's broadcasting now does what tfjs's did. */
  readonly values: readonly Value[];
  readonly layout: Layout;
  /** The operator's result in the canonical form of the layout. */
  finish(result: Value): Value;
}

/** From the richest layout to the poorest: what several tensors are brought into is the richest that one has. */
const preference: readonly Layout[] = ['blocked', 'nchw', 'plain'];

export const richestLayout = (tensors: readonly Traced[]): Layout =>
  preference.find((layout) => tensors.some((x) => x.layout === layout)) ?? 'plain';

/**
 * The operands in the richest layout that any of them has. Scalars stay as they are; vectors over the channels
 * and other small operands are reshaped.
 *
 * @param shape the logical shape of the result, to which all operands broadcast
 */
export function align(lower: Lowering, operands: readonly Traced[], shape: readonly number[]): Aligned {
  const layout = richestLayout(operands);
  const plainly = (result: Value): Value => result;
  // In a result of more than four dimensions an image takes part only as a plain value; one element has no order.
  if (layout === 'plain' || shape.length !== 4 || sizeOf(shape) === 1) {
    return { values: operands.map((x) => lower.as(x, 'plain')), layout: 'plain', finish: plainly };
  }
  if (layout === 'nchw') {
    return { values: operands.map((x) => imageOperand(lower, x, layout)), layout, finish: plainly };
  }
  // Equal but for the batch: the order of memory within an image does not matter.
  const uniform = operands.every(
    (x) =>
      sizeOf(x.shape) === 1 || (x.shape.length === 4 && x.shape.every((d, i) => i === 0 || d === shape[i])),
  );
  if (uniform) {
    const values = operands.map((x) =>
      sizeOf(x.shape) === 1 ? oneElement(lower, x) : lower.as(x, 'blocked'),
    );
    return { values, layout, finish: plainly };
  }
  return { values: operands.map((x) => imageOperand(lower, x, layout)), layout, finish: lower.fromBlocks };
}

/**
 * The result of an element-wise computation; `compute` gets the operands' values, which broadcast.
 *
 * What broadcasts only to be computed with is computed before it is broadcast.
 */
export function perElement(
  lower: Lowering,
  operands: readonly Traced[],
  dtype: DataType,
  compute: (...values: Value[]) => Value,
): Traced {
  const shape = broadcastShape(operands);
  const narrow = operands.map((x) => x.narrow ?? x);
  if (!sameShape(broadcastShape(narrow), shape)) {
    return broadcast(lower, perElement(lower, narrow, dtype, compute), shape);
  }
  const { values, layout, finish } = align(lower, narrow, shape);
  return lower.traced(finish(compute(...values)), layout, shape, dtype);
}
