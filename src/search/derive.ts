/** Reads a genotype off the strengths of the candidates. */
import type { CellGenotype, Edge, Genotype } from './genotype.ts';
import { candidatesOf, type SearchSpace } from './spaces.ts';
import type { Strengths } from './strengths.ts';

/**
 * Per node the `keptEdges` incoming edges whose best operation other than `none` is strongest, on each this
 * operation (Liu et al. 2019, section 2.4). Edges are in descending strength; of equals the lowest index comes first.
 */
export function deriveGenotype(strengths: Strengths, space: SearchSpace): Genotype {
  return { normal: deriveCell(strengths, space, 0), reduce: deriveCell(strengths, space, 1) };
}

function deriveCell(strengths: Strengths, space: SearchSpace, kind: number): CellGenotype {
  let edge = 0;
  const incoming = Array.from({ length: space.nodes }, (_, node) => {
    const candidates = Array.from({ length: node + 2 }, (__, input) => {
      const index = edge++;
      const row = strengths[kind]?.[index] ?? [];
      return { input, ...strongest(row, candidatesOf(space, kind, index)) };
    });
    // Array.prototype.sort is stable, so equals stay in the order of their inputs.
    return candidates
      .sort((a, b) => b.strength - a.strength)
      .slice(0, space.keptEdges)
      .map(({ operation, input }): Edge => ({ operation, input }));
  });
  return { nodes: incoming, concat: incoming.map((_, node) => node + 2) };
}

function strongest(strengths: readonly number[], operations: SearchSpace['operations']) {
  let best = -1;
  operations.forEach((operation, i) => {
    if (operation === 'none') return;
    if (best < 0 || (strengths[i] as number) > (strengths[best] as number)) best = i;
  });
  const operation = operations[best];
  if (!operation) throw new Error('a search space needs an operation other than none');
  return { operation, strength: strengths[best] as number };
}
