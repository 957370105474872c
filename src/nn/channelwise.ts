/**
 * Per-channel primitives that batch norm is made of. Each is a tfjs kernel that a backend may compute in one pass
 * over memory (the tracer does); elsewhere the definition given here, in ordinary tfjs operations, is what runs.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { composite } from './kernel.ts';

const pixels = [0, 1, 2];

/** Mean and biased variance of each channel: x [N, H, W, C] → two [C]. Not differentiable by itself. */
export function channelMoments(x: Tensor): [mean: Tensor, variance: Tensor] {
  return composite('ChannelMoments', { x }, {}, () => {
    const { mean, variance } = tf.moments(x, pixels);
    return [mean, variance];
  }) as [Tensor, Tensor];
}

/** Σ over batch and pixels of x·y for each channel: two [N, H, W, C] → [C]. */
export function channelDot(x: Tensor, y: Tensor): Tensor {
  const [sums] = composite('ChannelDot', { x, y }, {}, () => [tf.sum(tf.mul(x, y), pixels)]);
  return sums as Tensor;
}

/** x·scale + shift, with vectors [C]; without a shift x·scale. */
export function scaleShift(x: Tensor, scale: Tensor, shift?: Tensor): Tensor {
  const [y] = composite('ScaleShift', { x, scale, ...(shift && { shift }) }, {}, () => {
    const scaled = tf.mul(x, scale);
    return [shift ? tf.add(scaled, shift) : scaled];
  });
  return y as Tensor;
}

/** x·scale + other·otherScale + shift, with vectors [C]. */
export function scaleShiftAdd(
  x: Tensor,
  scale: Tensor,
  other: Tensor,
  otherScale: Tensor,
  shift: Tensor,
): Tensor {
  const [y] = composite('ScaleShiftAdd', { x, scale, other, otherScale, shift }, {}, () => [
    tf.addN([tf.mul(x, scale), tf.mul(other, otherScale), tf.mul(tf.onesLike(x), shift)]),
  ]);
  return y as Tensor;
}
