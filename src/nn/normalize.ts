/** Batch normalisation in training (Ioffe & Szegedy 2015), with its gradient in closed form. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { channelDot, channelMoments, scaleShift, scaleShiftAdd } from './channelwise.ts';
import { withGradient } from './gradient.ts';

/** PyTorch's defaults. */
export const epsilon = 1e-5;
export const statisticsMomentum = 0.1;

/** The statistics of one batch, by channel; the variance is the biased one. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormalizeOptions {
  /** γ: a vector [C], or a scalar for all channels (the weight of a candidate); 1 where absent. */
  readonly gain?: Tensor | undefined;
  /** β: a vector [C]; 0 where absent. */
  readonly bias?: Tensor | undefined;
  /** Images that lie side by side in the channels (`folding.ts`); 1 where absent. C then counts one's. */
  readonly images?: number | undefined;
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
  x: Tensor4D,
  { gain, bias, images = 1, onMoments }: BatchNormalizeOptions = {},
): Tensor4D {
  const channels = x.shape[3] / images;
  const count = x.size / channels;
  const { mean: merge, spread } = acrossImages(images, channels);
  const parameters = [...(gain ? [gain] : []), ...(bias ? [bias] : [])];
  return withGradient(
    [x, ...parameters],
    () => {
      const [means, variances] = channelMoments(x);
      const mean = merge(means);
      const within = merge(variances);
      const variance =
        images === 1 ? within : tf.add(within, merge(tf.squaredDifference(means, spread(mean))));
      onMoments?.({ mean, variance });
      const r = tf.rsqrt(tf.add(variance, epsilon));
      const scale = gain ? tf.mul(r, gain) : r;
      const centre = tf.neg(tf.mul(scale, mean));
      const shift = bias ? tf.add(bias, centre) : centre;
      const value = scaleShift(x, spread(scale), spread(shift)) as Tensor4D;
      return { value, kept: [x, mean, r, scale] };
    },
    (dy, kept) => {
      const [image, mean, r, scale] = kept as [Tensor, Tensor, Tensor, Tensor];
      const total = (vector: Tensor): Tensor => (images === 1 ? vector : tf.mul(images, merge(vector)));
      const sum = total(tf.sum(dy, [0, 1, 2]));
      const dot = tf.mul(r, tf.sub(total(channelDot(dy, image)), tf.mul(mean, sum)));
      const slope = tf.mul(tf.mul(scale, r), tf.div(dot, count));
      const shift = tf.sub(tf.mul(slope, mean), tf.mul(scale, tf.div(sum, count)));
      const gradients = [scaleShiftAdd(dy, spread(scale), image, spread(tf.neg(slope)), spread(shift))];
      if (gain) gradients.push(gain.size === channels ? dot : tf.sum(dot).reshape([...gain.shape]));
      if (bias) gradients.push(sum);
      return gradients;
    },
  );
}

/** Vectors [f·C] of f images side by side, their mean over the images [C], and a vector [C] for all of them. */
const acrossImages = (images: number, channels: number) => ({
  mean: (vector: Tensor): Tensor =>
    images === 1 ? vector : tf.mul(1 / images, tf.sum(vector.reshape([images, channels]), 0)),
  spread: (vector: Tensor): Tensor =>
    images === 1 || vector.size === 1
      ? vector
      : tf.broadcastTo(vector.reshape([1, channels]), [images, channels]).flatten(),
});

/** a·x for a scalar a; da = Σ dy·x by the per-channel primitive. What α weighs a candidate with. */
export function weigh(x: Tensor4D, a: Tensor): Tensor4D {
  return withGradient(
    [x, a],
    () => {
      const vector = tf.broadcastTo(a, [x.shape[3]]);
      return { value: scaleShift(x, vector) as Tensor4D, kept: [x, vector] };
    },
    (dy, [image, vector]) => [
      scaleShift(dy, vector as Tensor),
      tf.sum(channelDot(image as Tensor, dy)).reshape([...a.shape]),
    ],
  );
}
