/** Reads a genotype off the strengths of the candidates. */
import { type CellGenotype, type Edge, type Genotype, genotypeOf } from './genotype.ts';
import type { OperationName } from './operation-names.ts';
import { edgePlaces, skeletonForm } from './skeleton-names.ts';
import { candidatesOf, type SearchSpace } from './spaces.ts';
import type { Strengths } from './strengths.ts';

/**
 * Per node the `keptEdges` incoming edges whose best operation other than `none` is strongest, on each this operation
 * (Liu et al. 2019, section 2.4). Edges are in descending strength; of equals the lowest index comes first. Where all
 * edges are kept and a space chooses `none` too, they are in the order of their inputs (Dong & Yang 2020).
 */
export const deriveGenotype = (strengths: Strengths, space: SearchSpace): Genotype =>
  genotypeOf(
    space.skeleton,
    space.candidates.map((_, kind) => deriveCell(strengths, space, kind)),
    space.reductions,
  );

function deriveCell(strengths: Strengths, space: SearchSpace, kind: number): CellGenotype {
  const incoming = edgePlaces(space.skeleton, space.nodes).map((places) => {
    const candidates = places.map(({ input, edge }) => {
      const row = strengths[kind]?.[edge] ?? [];
      return { input, ...strongest(row, choicesOf(space, kind, edge)) };
    });
    // Array.prototype.sort is stable, so equals stay in the order of their inputs.
    const ordered = space.choosesNone ? candidates : candidates.sort((a, b) => b.strength - a.strength);
    return ordered.slice(0, space.keptEdges).map(({ operation, input }): Edge => ({ operation, input }));
  });
  return { nodes: incoming, concat: outputStates(space) };
}

/** The operations that a genotype may have on an edge, and their columns in α. */
export const choicesOf = (
  space: SearchSpace,
  kind: number,
  edge: number,
): { readonly operation: OperationName; readonly column: number }[] =>
  candidatesOf(space, kind, edge).flatMap((operation, column) =>
    operation === 'none' && !space.choosesNone ? [] : [{ operation, column }],
  );

/** The states that are a cell's output: all nodes in the skeleton of DARTS, the last one in a chain. */
export function outputStates({ skeleton, nodes }: Pick<SearchSpace, 'skeleton' | 'nodes'>): number[] {
  const { inputs } = skeletonForm(skeleton);
  const states = Array.from({ length: nodes }, (_, node) => node + inputs);
  return skeleton === 'darts' ? states : states.slice(-1);
}

function strongest(row: readonly number[], choices: ReturnType<typeof choicesOf>) {
  const [first, ...others] = choices;
  // An edge without a choice is nothing, whatever its strength.
  if (!first) return { operation: 'none' as const, strength: Number.NEGATIVE_INFINITY };
  const strengthOf = ({ column }: { readonly column: number }): number => row[column] as number;
  const best = others.reduce((a, b) => (strengthOf(b) > strengthOf(a) ? b : a), first);
  return { operation: best.operation, strength: strengthOf(best) };
}
