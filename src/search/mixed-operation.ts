/** The mixed operation of an edge (Liu et al. 2019, section 2.2): its candidates, weighed and summed. */
import * as tf from '@tensorflow/tfjs';
import type { Context, Declarations } from '../nn/layers.ts';
import { inScope } from '../scope.ts';
import type { OperationName } from './operation-names.ts';
import { operationOf } from './operations.ts';

/** What weighs the candidates of one edge. */
export interface EdgeWeights {
  /** A scalar a candidate. */
  readonly operations: readonly tf.Tensor[];
  /** The weight of the edge among those into its node, where the method has such weights. */
  readonly edge?: tf.Tensor;
}

/** By kind of cell, then edge. */
export type MixingWeights = readonly (readonly EdgeWeights[])[];

export interface EdgeFrame {
  readonly at: Declarations;
  /** The candidates, in the order of α's columns. */
  readonly operations: readonly OperationName[];
  readonly channels: number;
  readonly stride: number;
}

/**
 * An edge: a state and weights → its value, added to the sum of the edges before. Without either (`none` is the only
 * candidate of the first edge) there is nothing.
 */
export type MixedEdge = (
  x: tf.Tensor4D,
  weights: EdgeWeights,
  context: Context,
  before: tf.Tensor4D | undefined,
) => tf.Tensor4D | undefined;

export type EdgeMaker = (frame: EdgeFrame) => MixedEdge;

/**
 * ō(x) = Σₒ wₒ·o(x), added to the sum of the edges before; `none` contributes nothing and is left out. Each candidate
 * is added as soon as it is known, so that no two of them are held in memory.
 */
export const mixedOperation: EdgeMaker = ({ at, operations, channels, stride }) => {
  const candidates = operations.flatMap((operation, column) => {
    if (operation === 'none') return [];
    const options = { channels, stride, affine: false, normalizePools: true };
    return [{ operation, column, layer: operationOf(operation).make(at.at(operation), options) }];
  });
  return (x, weights, context, before) =>
    candidates.reduce((sum, { operation, column, layer }) => {
      const term = inScope(operation, () => layer(x, context, weights.operations[column]));
      return sum ? tf.add(sum, term) : term;
    }, before);
};

/** Weights [kinds, edges, operations] taken apart, a scalar each. */
export function scalarsOf(
  weights: tf.Tensor,
  [kinds, edges, operations]: readonly [number, number, number],
): MixingWeights {
  const scalars = tf.split(weights.flatten(), kinds * edges * operations);
  return Array.from({ length: kinds }, (_, kind) =>
    Array.from({ length: edges }, (__, edge) => {
      const begin = (kind * edges + edge) * operations;
      return { operations: scalars.slice(begin, begin + operations) };
    }),
  );
}
