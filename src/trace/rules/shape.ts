/** Kernels that give elements another shape or order, or repeat them. */
import { sameShape, sizeOf } from '../../onnx/shapes.ts';
import { tf } from '../../tfjs.ts';
import { broadcast, uniformElement } from '../broadcast.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import { type Layout, type Traced, toPhysical } from '../traced.ts';
import { channelAxis, singly, view } from '../view.ts';

/** A tensor of another shape. An image stays one if batch and channels do: only its pixels are renumbered. */
export function reshape(lower: Lowering, x: Traced, shape: readonly number[]): Traced {
  if (sameShape(x.shape, shape)) return x;
  const element = uniformElement(lower, x);
  if (element) return broadcast(lower, element, shape);
  const [n, h, w, c] = shape as [number, number, number, number];
  const isImage =
    x.layout !== 'plain' && shape.length === 4 && n === x.shape[0] && c === x.shape[channelAxis];
  const value = isImage ? lower.reshape(x.value, [n, c, h, w]) : lower.reshape(lower.as(x, 'plain'), shape);
  return lower.traced(value, isImage ? x.layout : 'plain', shape, x.dtype);
}

const inOrder = (perm: readonly number[]): boolean => perm.every((axis, position) => axis === position);

/**
 * A tensor with its axes exchanged.
 *
 * [N, C, H, W] → [N, H, W, C] is how images enter: the result is the same value, now known to be nchw. The way back
 * undoes this; neither moves an element.
 */
export function transpose(lower: Lowering, x: Traced, perm: readonly number[]): Traced {
  const shape = perm.map((axis) => x.shape[axis] as number);
  const withinImage = x.layout !== 'plain' && perm[0] === 0 && perm[channelAxis] === channelAxis;
  const source = view(lower, x, withinImage ? [] : singly);
  const sources = perm.map((axis) => source.axes[axis] as number);
  const physicalPerm = (layout: Layout): number[] => [
    ...toPhysical(layout, sources),
    ...(layout === 'blocked' ? [sources.length] : []),
  ];
  const enters = shape.length === 4 && inOrder(physicalPerm('nchw'));
  const layout = withinImage ? source.layout : enters ? 'nchw' : 'plain';
  const moves = physicalPerm(layout);
  const value = inOrder(moves)
    ? source.value
    : lower.graph.node('Transpose', [source.value], { perm: moves });
  return lower.traced(layout === 'blocked' ? lower.fromBlocks(value) : value, layout, shape, x.dtype);
}

/** A tensor repeated along its axes. */
function tile(lower: Lowering, x: Traced, repeats: readonly number[]): Traced {
  const shape = x.shape.map((size, axis) => size * (repeats[axis] ?? 1));
  if (repeats.every((count, axis) => count === 1 || x.shape[axis] === 1)) return broadcast(lower, x, shape);
  const { value, order, finish } = view(lower, x);
  return finish(lower.graph.node('Tile', [value, lower.graph.ints(order(repeats, 1))]), shape);
}

/** [N, H, W, c] → [N·c/channels, H, W, channels]: with the channels first, another division of the same numbers. */
function divide(lower: Lowering, x: Traced, channels: number): Traced {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const images = (n * c) / channels;
  const value = lower.reshape(lower.as(x, 'nchw'), [images, channels, h, w]);
  return lower.traced(value, 'nchw', [images, h, w, channels], x.dtype);
}

export const shape = {
  BroadcastTo: (lower, { x }, { shape: target }) => broadcast(lower, x, target),
  ExpandDims: (lower, { input }, { dim }) =>
    reshape(lower, input, input.shape.toSpliced(dim < 0 ? dim + input.shape.length + 1 : dim, 0, 1)),
  FoldImages: (lower, { x }, { images }) => divide(lower, x, (x.shape[channelAxis] as number) * images),
  UnfoldImages: (lower, { x }, { images }) => divide(lower, x, (x.shape[channelAxis] as number) / images),
  Reshape: (lower, { x }, { shape: target }) =>
    reshape(lower, x, tf.util.inferFromImplicitShape(target, sizeOf(x.shape))),
  Tile: (lower, { x }, { reps }) => tile(lower, x, reps),
  Transpose: (lower, { x }, { perm }) => transpose(lower, x, perm),
} satisfies Partial<Rules>;
