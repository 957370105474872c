/** Reads a genotype off the architecture parameters. */
import { softmax } from '../softmax.ts';
import type { CellGenotype, Edge, Genotype } from './genotype.ts';
import { edgeCount, type SearchSpace } from './spaces.ts';

/**
 * Per node the `keptEdges` incoming edges whose best operation other than `none` is strongest, on each this
 * operation (Liu et al. 2019, section 2.4). Strength is the softmax weight over all operations. Edges are in
 * descending strength; of equals the lowest index comes first.
 *
 * @param alpha [2, edges, operations], flat: the normal cell's, then the reduction cell's
 */
export function deriveGenotype(alpha: Float32Array, space: SearchSpace): Genotype {
  const cellSize = edgeCount(space) * space.operations.length;
  const cell = (kind: number): CellGenotype =>
    deriveCell(alpha.subarray(kind * cellSize, (kind + 1) * cellSize), space);
  return { normal: cell(0), reduce: cell(1) };
}

function deriveCell(alpha: Float32Array, { operations, nodes, keptEdges }: SearchSpace): CellGenotype {
  let edge = 0;
  const incoming = Array.from({ length: nodes }, (_, node) => {
    const candidates = Array.from({ length: node + 2 }, (_, input) => {
      const begin = edge++ * operations.length;
      const strengths = softmax([...alpha.subarray(begin, begin + operations.length)]);
      return { input, ...strongest(strengths, operations) };
    });
    // Array.prototype.sort is stable, so equals stay in the order of their inputs.
    return candidates
      .sort((a, b) => b.strength - a.strength)
      .slice(0, keptEdges)
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
