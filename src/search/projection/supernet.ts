/** The supernet as a function of its mixing weights, which are given instead of α. */
import type * as tf from '@tensorflow/tfjs';
import { zeros } from '../../nn/parameters.ts';
import type { ArchitectureValues, Method } from '../methods/method.ts';
import { operationWeights } from '../mixed-operation.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';
import { rowsOf, type Strengths } from '../strengths.ts';
import { makeSupernet, type Supernet, type SupernetOptions } from '../supernet.ts';

/**
 * A method whose architecture is its mixing weights: `weights` [kinds, edges, operations] and, where the other method
 * weighs edges too, `edges` [kinds, edges]. Its nodes are those of the other.
 */
const weighted = ({ name, node, weightedNode = node, edgeStrengths }: Method): Method => ({
  name,
  declare: (table, space) => {
    const [kinds, edges, operations] = alphaShape(space);
    table.declare('weights', [kinds, edges, operations], zeros);
    if (edgeStrengths) table.declare('edges', [kinds, edges], zeros);
  },
  inputs: () => ({}),
  mix: ({ weights, edges }, _, space) => {
    if (!weights) throw new Error('the architecture has no mixing weights');
    const [kinds, count] = alphaShape(space);
    const byOperation = operationWeights(weights, alphaShape(space));
    if (!edges) return byOperation;
    const byEdge = operationWeights(edges, [kinds, 1, count]);
    return byOperation.map((rows, kind) =>
      rows.map((row, edge) => {
        const own = byEdge[kind]?.[0]?.operations[edge];
        return own ? { ...row, edge: own } : row;
      }),
    );
  },
  node: weightedNode,
  penalties: () => [],
  probabilities: ({ weights }) => weights as tf.Tensor,
  strengths: ({ weights }, space) => rowsOf(weights as Float32Array, space),
});

/** A supernet with the same θ. */
export function weightedSupernet(supernet: Supernet, options: SupernetOptions): Supernet {
  const { space, method, parameters } = supernet;
  const result = makeSupernet(space, options, weighted(method));
  const namesOf = (net: Supernet): string => net.parameters.parameters.map(({ name }) => name).join();
  if (namesOf(result) !== namesOf(supernet) || result.parameters.size !== parameters.size) {
    throw new Error(`the weights of ${method.name} are not those of its projection`);
  }
  return result;
}

/** How strong the operations of each edge are, apart from the edge. */
export function operationStrengths(
  method: Method,
  architecture: ArchitectureValues,
  space: SearchSpace,
): Strengths {
  const strengths = method.strengths(architecture, space);
  const byEdge = method.edgeStrengths?.(architecture, space);
  if (!byEdge) return strengths;
  return strengths.map((rows, kind) =>
    rows.map((row, edge) => row.map((strength) => strength / (byEdge[kind]?.[edge] as number))),
  );
}

/** The architecture of a weighted supernet; an edge that has no operation left has no weight either. */
export function weightedArchitecture(
  method: Method,
  architecture: ArchitectureValues,
  weights: Float32Array,
  space: SearchSpace,
): Float32Array {
  const byEdge = method.edgeStrengths?.(architecture, space);
  if (!byEdge) return weights;
  const edges = rowsOf(weights, space).flatMap((rows, kind) =>
    rows.map((row, edge) => (row.some((x) => x !== 0) ? (byEdge[kind]?.[edge] as number) : 0)),
  );
  return Float32Array.from([...weights, ...edges]);
}
