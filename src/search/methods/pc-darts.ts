/**
 * PC-DARTS (Xu et al. 2020, arXiv 1907.05737; yuhuixu1993/PC-DARTS, model_search.py): partial channels, and weights β
 * of the edges, which make up for what the choice of the channels shakes.
 *
 *     f(x) = Σₒ softmax(α)ₒ·o(x[: C/k]) beside x[C/k :]         (equation 2)
 *     node = Σₑ softmax(β)ₑ·f(xₑ), over the edges into it       (equation 3)
 *
 * A candidate is as strong as softmax(α)·softmax(β). The code cuts off the first C/k channels (the paper: any) and
 * shuffles, so that others come first at the next node. An odd size, on which the code breaks, is pooled to its half
 * rounded up.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { softmax } from '../../softmax.ts';
import { tf } from '../../tfjs.ts';
import { operationWeights, scalarsOf } from '../mixed-operation.ts';
import { partialChannels } from '../partial-channels.ts';
import { alphaShape, edgesByNode, type SearchSpace } from '../spaces.ts';
import { softmaxStrengths } from '../strengths.ts';
import { declareAlpha, nearZero, softmaxProbabilities } from './alpha.ts';
import type { ArchitectureValues, Method } from './method.ts';

/** @param k the operations see 1/k of the channels */
export const pcDarts = (k: number): Method => ({
  name: 'pc-darts',
  declare: (table, space) => {
    const [kinds, edges] = alphaShape(space);
    declareAlpha(table, space);
    table.declare('beta', [kinds, edges], nearZero);
  },
  inputs: () => ({}),
  mix: ({ alpha, beta }, _, space) => {
    const byEdge = edgeWeights(beta as Tensor, space);
    return operationWeights(tf.softmax(alpha as Tensor), alphaShape(space)).map((edges, kind) =>
      edges.map((weights, edge) => ({ ...weights, edge: byEdge[kind]?.[edge] as Tensor })),
    );
  },
  node: partialChannels(k),
  penalties: () => [],
  probabilities: softmaxProbabilities,
  strengths: ({ alpha, ...rest }, space) => {
    const byEdge = edgeStrengths(rest, space);
    return softmaxStrengths(alpha as Float32Array, space).map((edges, kind) =>
      edges.map((row, edge) => row.map((weight) => weight * (byEdge[kind]?.[edge] as number))),
    );
  },
  edgeStrengths,
});

/** softmax(β) over the edges into each node, by kind of cell and edge, a scalar each. */
function edgeWeights(beta: Tensor, space: SearchSpace): readonly (readonly Tensor[])[] {
  const [kinds] = alphaShape(space);
  const byNode = edgesByNode(space).map((edges) => {
    const own = tf.slice(beta, [0, edges[0] ?? 0], [kinds, edges.length]);
    return scalarsOf(tf.softmax(own), [kinds, 1, edges.length]);
  });
  return Array.from({ length: kinds }, (_, kind) => byNode.flatMap((node) => node[kind]?.[0] ?? []));
}

/** softmax(β) over the edges into each node. */
function edgeStrengths({ beta }: ArchitectureValues, space: SearchSpace): number[][] {
  const [kinds, count] = alphaShape(space);
  return Array.from({ length: kinds }, (_, kind) => {
    const own = (beta as Float32Array).subarray(kind * count, (kind + 1) * count);
    return edgesByNode(space).flatMap((node) => softmax(node.map((edge) => own[edge] as number)));
  });
}
