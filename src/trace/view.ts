/**
 * A tensor as operators that address axes see it: with its dimensions in the order of memory, blocked channels as
 * two of them.
 */
import type { DataType } from '@tensorflow/tfjs';
import type { Value } from '../onnx/ir.ts';
import { tf } from '../tfjs.ts';
import type { Lowering } from './lowering.ts';
import { type Layout, physicalAxes, type Traced } from './traced.ts';

/** The axis of an image's channels. */
export const channelAxis = 3;

export interface View {
  readonly value: Value;
  readonly layout: Layout;
  /** The position of each logical axis. The block, if there is one, comes last of all. */
  readonly axes: readonly number[];
  /** How many elements one step along each logical axis is: channels in blocks are counted in blocks. */
  readonly grain: readonly number[];
  /** Per-axis entries in the order of the dimensions; `rest` for the block. */
  order<T>(entries: readonly T[], rest: T): T[];
  /** A result of the same form, of the tensor's type unless another is given. */
  finish(result: Value, shape: readonly number[], dtype?: DataType): Traced;
}

/** The tensor in a layout, to be addressed by axes. */
export function viewAs(lower: Lowering, x: Traced, layout: Layout): View {
  const blocked = layout === 'blocked';
  const axes = layout === 'plain' ? [...x.shape.keys()] : physicalAxes[layout];
  const value = lower.as(x, layout);
  return {
    value: blocked ? lower.toBlocks(value) : value,
    layout,
    axes,
    grain: x.shape.map((_, axis) => (blocked && axis === channelAxis ? lower.device.block : 1)),
    order: (entries, rest) => {
      const ordered = Array<typeof rest>(axes.length + (blocked ? 1 : 0)).fill(rest);
      axes.forEach((position, axis) => {
        ordered[position] = entries[axis] ?? rest;
      });
      return ordered;
    },
    finish: (result, shape, dtype = x.dtype) =>
      lower.traced(blocked ? lower.fromBlocks(result) : result, layout, shape, dtype),
  };
}

/** A tensor for an operator that goes along one axis, element by element. */
export interface AxisView extends Pick<View, 'value' | 'finish'> {
  /** The axis counted from the front. */
  readonly axis: number;
  /** Its position among the dimensions of `value`. */
  readonly position: number;
}

export function viewAlong(lower: Lowering, x: Traced, along: number): AxisView {
  const [axis] = tf.util.parseAxisParam(along, [...x.shape]) as [number];
  const { value, axes, finish } = view(lower, x, axis === channelAxis ? singly : []);
  return { value, finish, axis, position: axes[axis] as number };
}

/** An operator cannot address channels in blocks at all. */
export const singly: readonly number[] = [1];

/**
 * The tensor in its own layout, where the operator can address it there.
 *
 * @param channels the numbers with which the operator addresses channels; in blocks it must be whole ones
 */
export const view = (lower: Lowering, x: Traced, channels: readonly number[] = []): View =>
  viewAs(lower, x, addressable(lower, x.layout, channels));

/** The layout in which an operator can address channels by the given numbers. */
export const addressable = (lower: Lowering, layout: Layout, channels: readonly number[]): Layout =>
  layout === 'blocked' && channels.some((count) => count % lower.device.block !== 0) ? 'nchw' : layout;
