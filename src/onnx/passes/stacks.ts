/**
 * Stacks: many values of one shape as one tensor. In memory it is [outer, count, rest of an entry]: with an `outer` of 1
 * the entries follow one another; with the N images of a batch as `outer`, those of each image do, as the channels of one
 * wide image would. What only names a tensor's shape anew leaves a stack as it lies.
 */

import type { Builder } from '../build.ts';
import type { Node, Value } from '../ir.ts';
import { sameShape, sizeOf } from '../shapes.ts';

export interface Stack {
  /** Of the shape that {@link stackShape} says. */
  readonly value: Value;
  readonly outer: number;
  readonly count: number;
  /** Of one entry. */
  readonly shape: readonly number[];
}

/** An operand of all the nodes: stacked, or one that they share. */
export interface Operand {
  readonly value: Value;
  readonly stacked: boolean;
}

/** How nodes of one form become one. */
export interface Stacking {
  /** Of the stack that results. */
  readonly outer: number;
  /** Of the stack that each operand must be. */
  readonly operands: readonly number[];
  /** The stacked result of `count` nodes like `node`, of the shape that {@link stackShape} says. */
  readonly apply: (graph: Builder, operands: readonly Operand[], count: number, node: Node) => Value;
}

export const shapeOf = (value: Value): readonly number[] => value.type.shape as readonly number[];

export const reshaped = (graph: Builder, value: Value, shape: readonly number[]): Value =>
  sameShape(shapeOf(value), shape) ? value : graph.node('Reshape', [value, graph.ints(shape)]);

/** The axis of an entry that grows where entries are joined within each of `outer`; undefined where there is none. */
export function stackAxis(shape: readonly number[], outer: number): number | undefined {
  let before = 1;
  for (const [axis, size] of shape.entries()) {
    if (before === outer) return axis;
    before *= size;
    if (before > outer) return before % outer === 0 ? axis : undefined;
  }
  return undefined;
}

/** A shape of `count` times the size along an axis. */
export const along = (shape: readonly number[], axis: number, count: number): readonly number[] =>
  shape.map((size, other) => (other === axis ? count * size : size));

/** The shape of a stack: a dimension in front where `outer` is 1, else a larger {@link stackAxis}. */
export function stackShape(shape: readonly number[], outer: number, count: number): readonly number[] {
  if (outer === 1) return [count, ...shape];
  const axis = stackAxis(shape, outer);
  if (axis === undefined) throw new Error(`[${shape}] cannot be stacked within ${outer}`);
  return along(shape, axis, count);
}

/** How entries lie for being joined and cut: each of a shape like this, next to one another along an axis. */
function layout(shape: readonly number[], outer: number): { piece: readonly number[]; axis: number } {
  if (outer === 1) return { piece: shape.length > 0 ? shape : [1], axis: 0 };
  const isImage = shape[0] === outer && shape.length > 1;
  return { piece: isImage ? shape : [outer, sizeOf(shape) / outer], axis: 1 };
}

/** Values, in this order, as one stack. */
function stackOf(graph: Builder, values: readonly Value[], shape: readonly number[], outer: number): Stack {
  const { piece, axis } = layout(shape, outer);
  const flat = values.map((value) => reshaped(graph, value, piece));
  const joined = flat.length > 1 ? graph.node('Concat', flat, { axis }) : (flat[0] as Value);
  const count = values.length;
  return { value: reshaped(graph, joined, stackShape(shape, outer, count)), outer, count, shape };
}

const isStack = (piece: Stack | Value): piece is Stack => 'outer' in piece;

/** Stacks and single values, in this order, as one stack. */
export function join(
  graph: Builder,
  pieces: readonly (Stack | Value)[],
  shape: readonly number[],
  outer: number,
): Stack {
  if (!pieces.some(isStack)) return stackOf(graph, pieces as readonly Value[], shape, outer);
  // Neighbouring values first, which takes no reshaping of each.
  const neighbours: (Stack | Value[])[] = [];
  for (const piece of pieces) {
    const last = neighbours.at(-1);
    if (isStack(piece)) neighbours.push(piece);
    else if (Array.isArray(last)) last.push(piece);
    else neighbours.push([piece]);
  }
  const stacks = neighbours.map((each) => (Array.isArray(each) ? stackOf(graph, each, shape, outer) : each));
  const [head, ...others] = stacks as [Stack, ...Stack[]];
  if (others.length === 0) return head;
  const { piece, axis } = layout(shape, outer);
  const flat = stacks.map((part) =>
    outer === 1 ? part.value : reshaped(graph, part.value, along(piece, axis, part.count)),
  );
  const count = stacks.reduce((sum, part) => sum + part.count, 0);
  const joined = graph.node('Concat', flat, { axis });
  return { value: reshaped(graph, joined, stackShape(shape, outer, count)), outer, count, shape };
}

/** The entries of a stack, as many values. */
export function unstack(graph: Builder, { value, outer, count, shape }: Stack): readonly Value[] {
  const { piece, axis } = layout(shape, outer);
  const flat = reshaped(graph, value, along(piece, axis, count));
  const sizes = graph.ints(Array<number>(count).fill(piece[axis] as number));
  const parts = count > 1 ? graph.nodes('Split', [flat, sizes], { axis }, count) : [flat];
  return parts.map((part) => reshaped(graph, part, shape));
}

/** How many of some indices, from the first on, follow one another. */
export function runLength(indices: readonly number[]): number {
  const [first] = indices as [number];
  const end = indices.findIndex((entry, place) => entry !== first + place);
  return end < 0 ? indices.length : end;
}

/** Some entries of a stack, in this order, as a stack. */
export const pick = (graph: Builder, stack: Stack, indices: readonly number[]): Stack =>
  runLength(indices) === indices.length
    ? cut(graph, stack, indices[0] as number, indices.length)
    : gather(graph, stack, indices);

/** Entries that lie next to each other. */
function cut(graph: Builder, stack: Stack, begin: number, count: number): Stack {
  const { value, outer, shape } = stack;
  const { piece, axis } = layout(shape, outer);
  const flat = reshaped(graph, value, along(piece, axis, stack.count));
  const bounds = [begin, begin + count].map((entry) => graph.ints([entry * (piece[axis] as number)]));
  const part = graph.node('Slice', [flat, ...bounds, graph.ints([axis])]);
  return { value: reshaped(graph, part, stackShape(shape, outer, count)), outer, count, shape };
}

/** Entries from anywhere. */
export function gather(graph: Builder, stack: Stack, indices: readonly number[]): Stack {
  const { value, outer, shape } = stack;
  const apart = outer === 1 ? [stack.count, ...shape] : [outer, stack.count, sizeOf(shape) / outer];
  const axis = outer === 1 ? 0 : 1;
  const part = graph.node('Gather', [reshaped(graph, value, apart), graph.ints(indices)], { axis });
  const count = indices.length;
  return { value: reshaped(graph, part, stackShape(shape, outer, count)), outer, count, shape };
}
