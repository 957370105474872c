/** Tables of what α's candidates cost: counted by tracing each operation at each of its shapes, or measured. */
import { networkCost } from '../export/cost.ts';
import { oneOf, requireKind } from '../kinds.ts';
import type { NetworkSize } from '../retrain/network.ts';
import { type CostTable, costOf } from '../search/budget.ts';
import { genotypeOfEdges } from '../search/derive.ts';
import type { Genotype } from '../search/genotype.ts';
import { edgePlaces } from '../search/skeleton-names.ts';
import type { SearchSpace } from '../search/spaces.ts';
import { type OperationCost, operationCost } from './operation.ts';
import { type OperationShape, operationShapes, shapeName } from './places.ts';

/** The costs of all candidates, each summed over the cells of its kind. */
export const edgeCosts = (
  space: SearchSpace,
  size: NetworkSize,
  costAt: (shape: OperationShape) => number,
): CostTable['edges'] =>
  operationShapes(space, size).map((edges) =>
    edges.map((candidates) =>
      candidates.map((shapes) => shapes.reduce((sum, shape) => sum + costAt(shape), 0)),
    ),
  );

/** A genotype of all edges, one operation on all of them: it reads every state, so nothing of its network is left out. */
export const skipGenotype = (space: SearchSpace): Genotype =>
  genotypeOfEdges(space, (_, node) =>
    (edgePlaces(space.skeleton, space.nodes)[node] ?? []).map((place) => ({
      ...place,
      operation: 'skip_connect',
      column: 0,
      strength: 0,
    })),
  );

/** The space in which `skip_connect` is the only candidate. */
export const skipSpace = (space: SearchSpace): SearchSpace => ({
  ...space,
  candidates: space.candidates.map((edges) => edges.map(() => ['skip_connect'])),
});

/** What a network has besides its edges: what one of skips alone costs, less the skips. */
export function restOf(
  space: SearchSpace,
  size: NetworkSize,
  whole: number,
  costAt: (shape: OperationShape) => number,
): number {
  const skips = skipSpace(space);
  const edges = edgeCosts(skips, size, costAt);
  return whole - costOf(skipGenotype(space), { rest: 0, edges }, skips);
}

/**
 * The table of a counted cost. The network of a genotype has exactly the parameters that the table adds up to; of the
 * multiply–accumulates no more than that, as what no edge reads is not computed.
 *
 * @throws InputError where it is no cost that is counted
 */
export function countedTable(space: SearchSpace, size: NetworkSize, cost: keyof OperationCost): CostTable {
  requireKind(oneOf(['parameters', 'macs']), cost, 'the counted cost');
  const known = new Map<string, OperationCost>();
  const costAt = (shape: OperationShape): number => {
    const name = shapeName(shape);
    const found = known.get(name) ?? operationCost(shape);
    known.set(name, found);
    return found[cost];
  };
  const whole = networkCost(skipGenotype(space), size)[cost];
  return { rest: restOf(space, size, whole, costAt), edges: edgeCosts(space, size, costAt) };
}
