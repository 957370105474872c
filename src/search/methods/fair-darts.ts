/**
 * FairDARTS (Chu et al. 2020, arXiv 1911.12126; xiaomi-automl/FairDARTS): candidates do not compete.
 *
 *     ō(x) = Σₒ σ(α)ₒ·o(x)
 *     L = L_val − w·mean (σ(α) − ½)²          (the second term: the zero-one loss)
 *
 * The mean is over all edges of both cells, w = 10; α begins at zero (separate_loss.py, model_search.py,
 * train_search.py). A candidate is as strong as σ(α). The genotype is read off by the rule of DARTS, the authors'
 * `parse_method darts`; what their `threshold_sparse` does besides, leaving out edges below 0.85, is not done. Their
 * space has no `none`; where a space does, it weighs nothing, and σ(α) of it follows the zero-one loss alone.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { tf } from '../../tfjs.ts';
import { mixedOperation, operationWeights, sumOf } from '../mixed-operation.ts';
import { alphaShape } from '../spaces.ts';
import { strengthsBy } from '../strengths.ts';
import { declareZeroAlpha } from './alpha.ts';
import type { Method, Penalty } from './method.ts';

/** −w·mean (σ(α) − ½)²: least where every σ(α) is 0 or 1. */
export const zeroOneLoss = (weight: number): Penalty => ({
  inputs: {},
  value: ({ alpha }) =>
    tf.mul(-weight, tf.mean(tf.square(tf.sub(tf.sigmoid(alpha as Tensor), 0.5)))) as Scalar,
});

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** @param zeroOneWeight w */
export const fairDarts = (zeroOneWeight: number): Method => ({
  name: 'fair-darts',
  declare: declareZeroAlpha,
  inputs: () => ({}),
  mix: ({ alpha }, _, space) => operationWeights(tf.sigmoid(alpha as Tensor), alphaShape(space)),
  node: sumOf(mixedOperation),
  penalties: () => [zeroOneLoss(zeroOneWeight)],
  probabilities: ({ alpha }) => tf.sigmoid(alpha as Tensor),
  strengths: ({ alpha }, space) => strengthsBy((row) => row.map(sigmoid), alpha as Float32Array, space),
});
