/** α itself, which all methods have. */
import type { Tensor } from '@tensorflow/tfjs';
import { type Initializer, type ParameterTable, zeros } from '../../nn/parameters.ts';
import { tf } from '../../tfjs.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';
import type { Method } from './method.ts';

/** 10⁻³·N(0, 1), as in quark0/darts (the paper: zeros). */
export const nearZero: Initializer = (target, _, random) => {
  for (let i = 0; i < target.length; i++) target[i] = 1e-3 * random.normal();
};

/** softmax over the operations of each edge. */
export const softmaxProbabilities: Method['probabilities'] = ({ alpha }) => tf.softmax(alpha as Tensor);

const alphaOf =
  (initializer: Initializer) =>
  (table: ParameterTable, space: SearchSpace): void => {
    table.declare('alpha', alphaShape(space), initializer);
  };

/** α [kinds, edges, operations]. */
export const declareAlpha = alphaOf(nearZero);

/** The same, of zeros. */
export const declareZeroAlpha = alphaOf(zeros);
