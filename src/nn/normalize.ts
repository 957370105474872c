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

export interface BatchNormalizeOptions {
  /** γ: a vector [C], or a scalar for all channels (the weight of a candidate); 1 where absent. */
  readonly gain?: tf.Tensor | undefined;
  /** β: a vector [C]; 0 where absent. */
  readonly bias?: tf.Tensor | undefined;
  /** Receives the batch's statistics (not differentiated through). */
  readonly onMoments?: ((moments: Moments) => void) | undefined;
}

/**
 * γ·x̂ + β with x̂ = (x − μ)·r, r = 1/√(σ² + ε), over batch and pixels; x [N, H, W, C].
 *
 * With s = γ·r the value is s·x + (β − s·μ): neither x̂ nor a centred image is ever made. Gradients, with M = N·H·W:
 *
 *     dβ = Σ dy,   dγ = Σ dy·x̂ = r·(Σ dy·x − μ·Σ dy),
 *     dx = s·(dy − dβ/M − x̂·dγ/M) = s·dy − (s·r·dγ/M)·x + (s·r·μ·dγ/M − s·dβ/M)
 *
 * (Ioffe & Szegedy 2015, section 3, the statistics' gradients substituted).
 */
export function batchNormalize(
  x: tf.Tensor4D,
  { gain, bias, onMoments }: BatchNormalizeOptions = {},
): tf.Tensor4D {
  const channels = x.shape[3];
  const count = x.size / channels;
  const parameters = [...(gain ? [gain] : []), ...(bias ? [bias] : [])];
  return withGradient(
    [x, ...parameters],
    () => {
      const [mean, variance] = channelMoments(x);
      onMoments?.({ mean, variance });
      const r = tf.rsqrt(tf.add(variance, epsilon));
      const scale = gain ? tf.mul(r, gain) : r;
      const centre = tf.neg(tf.mul(scale, mean));
      const value = scaleShift(x, scale, bias ? tf.add(bias, centre) : centre) as tf.Tensor4D;
      return { value, kept: [x, mean, r, scale] };
    },
    (dy, kept) => {
      const [image, mean, r, scale] = kept as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const sum = tf.sum(dy, [0, 1, 2]);
      const dot = tf.mul(r, tf.sub(channelDot(dy, image), tf.mul(mean, sum)));
      const slope = tf.mul(tf.mul(scale, r), tf.div(dot, count));
      const shift = tf.sub(tf.mul(slope, mean), tf.mul(scale, tf.div(sum, count)));
      const gradients = [scaleShiftAdd(dy, scale, image, tf.neg(slope), shift)];
      if (gain) gradients.push(gain.size === channels ? dot : tf.sum(dot).reshape([...gain.shape]));
      if (bias) gradients.push(sum);
      return gradients;
    },
  );
}

/** a·x for a scalar a; da = Σ dy·x by the per-channel primitive. What α weighs a candidate with. */
export function weigh(x: tf.Tensor4D, a: tf.Tensor): tf.Tensor4D {
  return withGradient(
    [x, a],
    () => {
      const vector = tf.broadcastTo(a, [x.shape[3]]);
      return { value: scaleShift(x, vector) as tf.Tensor4D, kept: [x, vector] };
    },
    (dy, [image, vector]) => [
      scaleShift(dy, vector as tf.Tensor),
      tf.sum(channelDot(image as tf.Tensor, dy)).reshape([...a.shape]),
    ],
  );
}
