/** Shapes as lists of lengths. */
import type { Dimension } from './ir.ts';

export type Shape4 = readonly [number, number, number, number];

/** The lengths of a shape that has no open dimension. */
export const knownShape = (shape: readonly Dimension[]): readonly number[] => {
  const open = shape.find((dimension) => typeof dimension === 'string');
  if (open !== undefined) throw new Error(`the dimension ${open} is symbolic`);
  return shape as readonly number[];
};

/** How many elements a tensor of the shape has. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);
