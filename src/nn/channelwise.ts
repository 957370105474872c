/**
 * Per-channel primitives that batch norm is made of. Each is a tfjs kernel that a backend may compute in one pass
 * over memory (the tracer does); elsewhere the definition given here, in ordinary tfjs operations, is what runs.
 */
import * as tf from '@tensorflow/tfjs';
import { composite } from './kernel.ts';

const pixels = [0, 1, 2];

/** Mean and biased variance of each channel: x [N, H, W, C] → two [C]. Not differentiable by itself. */
export function channelMoments(x: tf.Tensor): [mean: tf.Tensor, variance: tf.Tensor] {
  return composite('ChannelMoments', { x }, {}, () => {
    const { mean, variance } = tf.moments(x, pixels);
    return [mean, variance];
  }) as [tf.Tensor, tf.Tensor];
}

/** Σ over batch and pixels of x·y for each channel: two [N, H, W, C] → [C]. */
export function channelDot(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  const [sums] = composite('ChannelDot', { x, y }, {}, () => [tf.sum(tf.mul(x, y), pixels)]);
  return sums as tf.Tensor;
}

/** x·scale + shift, with vectors [C]; without a shift x·scale. */
export function scaleShift(x: tf.Tensor, scale: tf.Tensor, shift?: tf.Tensor): tf.Tensor {
  const [y] = composite('ScaleShift', { x, scale, ...(shift && { shift }) }, {}, () => {
    const scaled = tf.mul(x, scale);
    return [shift ? tf.add(scaled, shift) : scaled];
  });
  return y as tf.Tensor;
}

/** x·scale + other·otherScale + shift, with vectors [C]. */
export function scaleShiftAdd(
  x: tf.Tensor,
  scale: tf.Tensor,
  other: tf.Tensor,
  otherScale: tf.Tensor,
  shift: tf.Tensor,
): tf.Tensor {
  const [y] = composite('ScaleShiftAdd', { x, scale, other, otherScale, shift }, {}, () => [
    tf.addN([tf.mul(x, scale), tf.mul(other, otherScale), tf.mul(tf.onesLike(x), shift)]),
  ]);
  return y as tf.Tensor;
}
