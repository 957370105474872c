/**
 * β-decay (Ye et al. 2022, arXiv 2203.01665): keeps β = softmax(α) from sharpening, by a penalty on log Σ exp(α) of each
 * edge that grows over the search.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { float32 } from '../../signature.ts';
import { tf } from '../../tfjs.ts';
import type { Penalty } from '../methods/method.ts';

/**
 * λ·mean over all edges of log Σₒ exp(αₒ), λ = weight·epoch/epochs. The authors' weight is 50, and so is their mean
 * (Sunshine-Ye/Beta-DARTS, `mlc_loss`).
 */
export const betaDecay = (weight: number): Penalty => ({
  inputs: {
    betaDecay: {
      spec: float32(),
      value: ({ epoch, epochs }) => Float32Array.of((weight * epoch) / epochs),
    },
  },
  value: ({ alpha }, { betaDecay: lambda }) =>
    tf.mul(lambda as Tensor, tf.mean(tf.logSumExp(alpha as Tensor, -1))) as Scalar,
});
