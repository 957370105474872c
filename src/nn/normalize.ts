/** Batch normalisation in training (Ioffe & Szegedy 2015), with its gradient in closed form. */
import * as tf from '@tensorflow/tfjs';
import { channelDot, channelMoments, scaleShift, scaleShiftAdd } from './channelwise.ts';
import { withGradient } from './gradient.ts';

/** PyTorch's defaults. */
export const epsilon = 1e-5;
export const statisticsMomentum = 0.1;

/** The statistics of one batch, by channel; the variance is the biased one. */
export interface Moments {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/**
 * x̂ = (x − μ)·r with r = 1/√(σ² + ε), over batch and pixels; [N, H, W, C].
 *
 * Gradient, with M = N·H·W and means over batch and pixels: dx = r·(dy − mean(dy) − x̂·mean(dy·x̂)).
 *
 * @param onMoments receives the batch's statistics (not differentiated through)
 */
export function batchNormalize(x: tf.Tensor4D, onMoments?: (moments: Moments) => void): tf.Tensor4D {
  return withGradient(
    [x],
    () => {
      const [mean, variance] = channelMoments(x);
      onMoments?.({ mean, variance });
      const r = tf.rsqrt(tf.add(variance, epsilon));
      const value = scaleShift(x, r, tf.neg(tf.mul(mean, r))) as tf.Tensor4D;
      return { value, kept: [value, r] };
    },
    (dy, [normal, r]) => [inputGradient(dy, normal as tf.Tensor, r as tf.Tensor, x.size / x.shape[3])],
  );
}

/** r·(dy − mean(dy) − x̂·mean(dy·x̂)), written as one sum of scaled images. */
function inputGradient(dy: tf.Tensor, normal: tf.Tensor, r: tf.Tensor, count: number): tf.Tensor {
  const meanDy = tf.mean(dy, [0, 1, 2]);
  const meanDot = tf.div(channelDot(normal, dy), count);
  return scaleShiftAdd(dy, r, normal, tf.neg(tf.mul(meanDot, r)), tf.neg(tf.mul(meanDy, r)));
}

/** γ·x + β by channel, with vectors [C]; dγ = Σ dy·x, dβ = Σ dy. */
export function affine(x: tf.Tensor4D, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor4D {
  return withGradient(
    [x, gain, bias],
    () => ({ value: scaleShift(x, gain, bias) as tf.Tensor4D, kept: [x, gain] }),
    (dy, [image, scale]) => [
      tf.mul(dy, scale as tf.Tensor),
      channelDot(image as tf.Tensor, dy),
      tf.sum(dy, [0, 1, 2]),
    ],
  );
}

/** a·x for a scalar a; da = Σ dy·x by the per-channel primitive. What α weighs a candidate with. */
export function weigh(x: tf.Tensor4D, a: tf.Tensor): tf.Tensor4D {
  return withGradient(
    [x, a],
    () => ({ value: tf.mul(x, a) as tf.Tensor4D, kept: [x, a] }),
    (dy, [image, scalar]) => [
      tf.mul(dy, scalar as tf.Tensor),
      tf.sum(channelDot(image as tf.Tensor, dy)).reshape([...a.shape]),
    ],
  );
}
