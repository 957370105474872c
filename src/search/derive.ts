/** Reads a genotype off the strengths of the candidates. */
import { type CellGenotype, type Edge, type Genotype, genotypeOf } from './genotype.ts';
import type { OperationName } from './operation-names.ts';
import { edgePlaces, skeletonForm } from './skeleton-names.ts';
import { candidatesOf, type SearchSpace } from './spaces.ts';
import { requireStrengths, type Strengths } from './strengths.ts';

/** An edge that a genotype may have, and how strong it is. */
export interface WeighedEdge extends Edge {
  /** Its row in α, and its operation's column; −1 where it has no choice. */
  readonly edge: number;
  readonly column: number;
  readonly strength: number;
}

/**
 * Per node the `keptEdges` incoming edges whose best operation other than `none` is strongest, on each this operation
 * (Liu et al. 2019, section 2.4). Edges are in descending strength; of equals the lowest index comes first. Where all
 * edges are kept and a space chooses `none` too, they are in the order of their inputs (Dong & Yang 2020).
 *
 * @throws InputError where the strengths are not those of the space
 */
export function deriveGenotype(strengths: Strengths, space: SearchSpace): Genotype {
  requireStrengths(strengths, space);
  const places = edgePlaces(space.skeleton, space.nodes);
  return genotypeOfEdges(space, (kind, node) =>
    (places[node] ?? [])
      .map(({ input, edge }) => ({ input, ...strongest(strengths[kind]?.[edge] ?? [], space, kind, edge) }))
      // Array.prototype.sort is stable, so equals stay in the order of their inputs.
      .sort((a, b) => b.strength - a.strength)
      .slice(0, space.keptEdges),
  );
}

/** The genotype whose nodes have these edges, each node's in the order that the space's text has. */
export function genotypeOfEdges(
  space: SearchSpace,
  edgesInto: (kind: number, node: number) => readonly WeighedEdge[],
): Genotype {
  const order = space.choosesNone
    ? (a: WeighedEdge, b: WeighedEdge) => a.input - b.input
    : (a: WeighedEdge, b: WeighedEdge) => b.strength - a.strength || a.input - b.input;
  const cells = space.candidates.map((_, kind): CellGenotype => {
    const nodes = Array.from({ length: space.nodes }, (__, node) =>
      [...edgesInto(kind, node)].sort(order).map(({ operation, input }): Edge => ({ operation, input })),
    );
    return { nodes, concat: outputStates(space) };
  });
  return genotypeOf(space.skeleton, cells, space.reductions);
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

function strongest(
  row: readonly number[],
  space: SearchSpace,
  kind: number,
  edge: number,
): Omit<WeighedEdge, 'input'> {
  const [first, ...others] = choicesOf(space, kind, edge);
  // An edge without a choice is nothing, whatever its strength.
  if (!first) return { edge, operation: 'none', column: -1, strength: Number.NEGATIVE_INFINITY };
  const strengthOf = ({ column }: { readonly column: number }): number => row[column] as number;
  const best = others.reduce((a, b) => (strengthOf(b) > strengthOf(a) ? b : a), first);
  return { edge, ...best, strength: strengthOf(best) };
}
