/** The mixed operation of an edge (Liu et al. 2019, section 2.2): its candidates, weighed and summed; and a node of them. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Context, Declarations, WeighedLayer } from '../nn/layers.ts';
import { inScope } from '../scope.ts';
import { tf } from '../tfjs.ts';
import type { OperationName } from './operation-names.ts';
import { operationOf } from './operations.ts';

/** What weighs the candidates of one edge. */
export interface EdgeWeights {
  /** A scalar a candidate. */
  readonly operations: readonly Tensor[];
  /** The weight of the edge among those into its node, where the method has such weights. */
  readonly edge?: Tensor;
  /** A bool scalar a candidate, of which one holds, where the method samples one. */
  readonly chosen?: readonly Tensor[];
}

/** By kind of cell, then edge. */
export type MixingWeights = readonly (readonly EdgeWeights[])[];

export interface EdgeFrame {
  readonly at: Declarations;
  /** The candidates, in the order of α's columns. */
  readonly operations: readonly OperationName[];
  readonly channels: number;
  readonly stride: number;
  readonly normalizePools: boolean;
}

/**
 * An edge: a state and weights → its value, added to the sum of the edges before. Without either (`none` is the only
 * candidate of the first edge) there is nothing.
 */
export type MixedEdge = (
  x: Tensor4D,
  weights: EdgeWeights,
  context: Context,
  before: Tensor4D | undefined,
) => Tensor4D | undefined;

export type EdgeMaker = (frame: EdgeFrame) => MixedEdge;

/** A node: the states that its edges come from, and their weights, in the order of its frames → its value, if any. */
export type MixedNode = (
  states: readonly Tensor4D[],
  weights: readonly EdgeWeights[],
  context: Context,
) => Tensor4D | undefined;

export type NodeMaker = (incoming: readonly EdgeFrame[]) => MixedNode;

/** The sum of a node's edges. */
export const sumOf =
  (edge: EdgeMaker): NodeMaker =>
  (incoming) => {
    const edges = incoming.map(edge);
    return (states, weights, context) =>
      edges.reduce<ReturnType<MixedEdge>>(
        (before, mixed, i) => mixed(states[i] as Tensor4D, weights[i] as EdgeWeights, context, before),
        undefined,
      );
  };

export interface Candidate {
  readonly operation: OperationName;
  /** Its place among the edge's weights. */
  readonly column: number;
  readonly layer: WeighedLayer;
}

/** The candidates of an edge but `none`, which contributes nothing. */
const candidatesAt = ({
  at,
  operations,
  channels,
  stride,
  normalizePools,
}: EdgeFrame): readonly Candidate[] =>
  operations.flatMap((operation, column) => {
    if (operation === 'none') return [];
    const options = { channels, stride, affine: false, normalizePools };
    return [{ operation, column, layer: operationOf(operation).make(at.at(operation), options) }];
  });

/**
 * ō(x) = Σₒ wₒ·o(x), added to the sum of the edges before. Each candidate is added as soon as it is known, so that no
 * two of them are held in memory.
 */
export const mixedOperation: EdgeMaker = (frame) => {
  const candidates = candidatesAt(frame);
  return (x, weights, context, before) =>
    candidates.reduce((sum, { operation, column, layer }) => {
      const term = inScope(operation, () => layer(x, context, weights.operations[column]));
      return sum ? tf.add(sum, term) : term;
    }, before);
};

/** A tensor [kinds, edges, operations] taken apart, a scalar each. */
export function scalarsOf(
  tensor: Tensor,
  [kinds, edges, operations]: readonly [number, number, number],
): readonly (readonly (readonly Tensor[])[])[] {
  const size = kinds * edges * operations;
  // tfjs has no gradient for a split into one piece.
  const scalars = size === 1 ? [tensor.flatten()] : tf.split(tensor.flatten(), size);
  return Array.from({ length: kinds }, (_, kind) =>
    Array.from({ length: edges }, (__, edge) => {
      const begin = (kind * edges + edge) * operations;
      return scalars.slice(begin, begin + operations);
    }),
  );
}

/** Weights [kinds, edges, operations] as those of every edge's candidates. */
export const operationWeights = (weights: Tensor, shape: readonly [number, number, number]): MixingWeights =>
  scalarsOf(weights, shape).map((edges) => edges.map((operations) => ({ operations })));
