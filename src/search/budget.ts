/**
 * What the network of an architecture will cost, as far as its edges decide, and a term that keeps it in a budget.
 *
 * Costs add up: a network costs what its skeleton does and what each operation does at each place. So α's candidates have
 * a table of costs, summed over the cells of their kind; the search knows no more of what a cost is.
 */
import type { Scalar } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import type { Limit } from './budget-text.ts';
import { choicesOf } from './derive.ts';
import { cellsOf, type Genotype } from './genotype.ts';
import type { Method, Penalty } from './methods/method.ts';
import { edgePlaces } from './skeleton-names.ts';
import { alphaShape, candidatesOf, type SearchSpace } from './spaces.ts';
import type { Strengths } from './strengths.ts';

export interface CostTable {
  /** Of the skeleton, whatever is on the edges. */
  readonly rest: number;
  /** By kind of cell, edge and candidate: of all cells of the kind together. */
  readonly edges: readonly (readonly (readonly number[])[])[];
}

export interface Budget extends Limit {
  readonly table: CostTable;
  /** Of the term in α's loss. */
  readonly weight: number;
}

/** What the network of a genotype of the space costs. */
export function costOf(genotype: Genotype, { rest, edges }: CostTable, space: SearchSpace): number {
  const places = edgePlaces(space.skeleton, space.nodes);
  return cellsOf(genotype).reduce((total, [, { nodes }], kind) => {
    const costs = nodes.flatMap((incoming, node) =>
      incoming.map(({ operation, input }) => {
        const edge = places[node]?.[input]?.edge ?? -1;
        const cost = edges[kind]?.[edge]?.[candidatesOf(space, kind, edge).indexOf(operation)];
        if (cost === undefined) throw new Error(`${operation} is no candidate of edge ${edge}, kind ${kind}`);
        return cost;
      }),
    );
    return total + costs.reduce((sum, cost) => sum + cost, 0);
  }, rest);
}

/** By kind, edge and candidate: whether a genotype may have it, and how likely the edge is kept, if all are alike. */
function keptShares(space: SearchSpace): number[][][] {
  const shares = edgePlaces(space.skeleton, space.nodes).flatMap((places) =>
    places.map(() => Math.min(1, space.keptEdges / places.length)),
  );
  return space.candidates.map((edges, kind) =>
    edges.map((operations, edge) => {
      const columns = choicesOf(space, kind, edge).map(({ column }) => column);
      return operations.map((_, column) => (columns.includes(column) ? (shares[edge] as number) : 0));
    }),
  );
}

/**
 * The expected cost, E = rest + Σₑ qₑ·Σₒ pₒ·cₒ: pₒ is the candidate's strength among those that a genotype may have on its
 * edge (so `none`, which it may not, makes nothing cheaper), and qₑ = kept/incoming edges of the node.
 */
export function expectedCost(strengths: Strengths, { rest, edges }: CostTable, space: SearchSpace): number {
  const shares = keptShares(space);
  return strengths.reduce((total, rows, kind) => {
    const costs = rows.map((row, edge) => {
      const share = shares[kind]?.[edge] ?? [];
      const chosen = row.map((strength, column) => (share[column] ? strength : 0));
      const sum = chosen.reduce((a, b) => a + b, 0);
      const cost = (column: number): number => (share[column] ?? 0) * (edges[kind]?.[edge]?.[column] ?? 0);
      return sum > 0 ? chosen.reduce((all, strength, column) => all + (strength / sum) * cost(column), 0) : 0;
    });
    return total + costs.reduce((a, b) => a + b, 0);
  }, rest);
}

/** w·max(0, E/limit − 1): nothing within the budget, above it the part by which it is exceeded. */
export function costPenalty({ table, limit, weight }: Budget, space: SearchSpace, method: Method): Penalty {
  const shape = alphaShape(space);
  const shares = keptShares(space);
  const relative = table.edges.map((edges, kind) =>
    edges.map((costs, edge) =>
      costs.map((cost, column) => ((shares[kind]?.[edge]?.[column] ?? 0) * cost) / limit),
    ),
  );
  const allowed = shares.map((edges) => edges.map((row) => row.map((share) => (share > 0 ? 1 : 0))));
  // An edge that has nothing to choose has no share of 0.
  const empty = allowed.map((edges) => edges.map((row) => [row.every((one) => one === 0) ? 1 : 0]));
  return {
    inputs: {},
    value: (architecture) => {
      const likely = tf.mul(method.probabilities(architecture), tf.tensor3d(allowed, shape));
      const share = tf.div(likely, tf.add(tf.sum(likely, -1, true), tf.tensor3d(empty)));
      const excess = tf.add(tf.sum(tf.mul(share, tf.tensor3d(relative, shape))), table.rest / limit - 1);
      return tf.mul(tf.relu(excess), weight) as Scalar;
    },
  };
}
