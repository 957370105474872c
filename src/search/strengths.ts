/** How strong the candidates of each edge are: what a genotype is read off. */
import { InputError } from '../errors.ts';
import { softmax } from '../softmax.ts';
import { alphaShape, type SearchSpace } from './spaces.ts';

/** By kind of cell, edge and operation; comparable between the edges of a node. */
export type Strengths = readonly (readonly (readonly number[])[])[];

/**
 * What a program gives as strengths, before a genotype is read off them.
 *
 * @throws InputError where they are not a number for each operation of each edge of the space
 */
export function requireStrengths(strengths: Strengths, space: SearchSpace): void {
  const [kinds, edges, operations] = alphaShape(space);
  const isList = (list: unknown, length: number): list is readonly unknown[] =>
    Array.isArray(list) && list.length === length;
  const areStrengths =
    isList(strengths, kinds) &&
    strengths.every((kind) => isList(kind, edges) && kind.every((row) => isList(row, operations)));
  if (areStrengths) return;
  throw new InputError(
    `the strengths must be numbers for ${kinds} kinds of cells with ${edges} edges of ${operations} operations each`,
  );
}

/** α, flat, row by row: each row is an edge's. */
export function rowsOf(alpha: Float32Array, space: SearchSpace): number[][][] {
  const [kinds, edges, operations] = alphaShape(space);
  return Array.from({ length: kinds }, (_, kind) =>
    Array.from({ length: edges }, (__, edge) => {
      const begin = (kind * edges + edge) * operations;
      return [...alpha.subarray(begin, begin + operations)];
    }),
  );
}

/** Each edge's row of α, by a function of rows. */
export const strengthsBy = (
  ofRow: (row: readonly number[]) => number[],
  alpha: Float32Array,
  space: SearchSpace,
): Strengths => rowsOf(alpha, space).map((edges) => edges.map(ofRow));

/** softmax(α) over the operations of each edge. */
export const softmaxStrengths = (alpha: Float32Array, space: SearchSpace): Strengths =>
  strengthsBy(softmax, alpha, space);
