/**
 * Broadcasting. A broadcast tensor keeps the smaller one that it was made of (`Traced.narrow`): element-wise
 * operators read that one, since ONNX broadcasts by itself, and the larger one is then never computed.
 */

import type { Value } from '../onnx/ir.ts';
import { knownShape, sameShape, sizeOf } from '../onnx/shapes.ts';
import { tf } from '../tfjs.ts';
import type { Lowering } from './lowering.ts';
import { type Layout, type Traced, toPhysical } from './traced.ts';

/** The shape that tensors broadcast to. */
export const broadcastShape = (tensors: readonly Traced[]): readonly number[] =>
  tensors.reduce<number[]>((shape, x) => tf.backend_util.assertAndGetBroadcastShape(shape, [...x.shape]), []);

/** The tensor as an operand of an element-wise operator on images: 4-D in nchw, 5-D `toBlocks` in blocked layout. */
export function imageOperand(lower: Lowering, x: Traced, layout: Exclude<Layout, 'plain'>): Value {
  if (sizeOf(x.shape) === 1) return oneElement(lower, x);
  const image = asImage(lower, x);
  if (layout === 'nchw') return lower.as(image, 'nchw');
  const [n, h, w, c] = image.shape as [number, number, number, number];
  return c === 1
    ? lower.reshape(lower.as(image, 'nchw'), [n, 1, h, w, 1])
    : lower.toBlocks(lower.as(image, 'blocked'));
}

/** A tensor of one element, without dimensions that a smaller result would not have. */
export const oneElement = (lower: Lowering, x: Traced): Value =>
  x.shape.length === 0 ? x.value : lower.reshape(x.value, [1]);

/** The tensor with leading dimensions of size 1 up to rank 4. */
function asImage(lower: Lowering, x: Traced): Traced {
  if (x.shape.length === 4) return x;
  const shape = [...Array<number>(4 - x.shape.length).fill(1), ...x.shape];
  return { ...x, shape, value: lower.reshape(x.value, shape) };
}

/** The one number, as a scalar, that a tensor is known to be full of. */
export function uniformElement(lower: Lowering, x: Traced): Traced | undefined {
  const { value, shape, dtype } = x.narrow ?? x;
  const isKnown = x.narrow !== undefined || value.source.kind === 'constant';
  if (!isKnown || sizeOf(shape) !== 1) return undefined;
  const element =
    value.source.kind === 'constant'
      ? lower.graph.constant(value.source.data, { dtype: value.type.dtype, shape: [] })
      : lower.reshape(value, []);
  return lower.traced(element, 'plain', [], dtype);
}

/** The tensor repeated up to a larger shape. */
export function broadcast(lower: Lowering, x: Traced, shape: readonly number[]): Traced {
  if (sameShape(x.shape, shape)) return x;
  const narrow = x.narrow ?? x;
  const layout = shape.length === 4 ? narrow.layout : 'plain';
  return { ...lower.traced(expand(lower, narrow, layout, shape), layout, shape, x.dtype), narrow };
}

/** The elements of the larger tensor, in a layout. */
export function expand(lower: Lowering, narrow: Traced, layout: Layout, shape: readonly number[]): Value {
  if (layout === 'plain') return expandTo(lower, lower.as(narrow, 'plain'), shape);
  const operand = imageOperand(lower, narrow, layout);
  const [n, c, h, w] = toPhysical(layout, shape) as [number, number, number, number];
  if (layout === 'nchw') return expandTo(lower, operand, [n, c, h, w]);
  const { block } = lower.device;
  return lower.fromBlocks(expandTo(lower, operand, [n, c / block, h, w, block]));
}

/** Expand, which keeps the operand's own dimensions where it is told 1: so an open batch stays open. */
function expandTo(lower: Lowering, value: Value, shape: readonly number[]): Value {
  const own = knownShape(value.type.shape);
  const target = shape.map((size, axis) => (own[axis - (shape.length - own.length)] === size ? 1 : size));
  return lower.graph.node('Expand', [value, lower.graph.ints(target)]);
}
