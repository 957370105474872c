/** Optimizers over flat vectors, as PyTorch defines them. All are pure: they return the new state. */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';

export interface SgdOptions {
  readonly momentum: number;
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum: g ← ∇ + λw; m ← μm + g; w ← w − ηm.
 *
 * @param learningRate η, a scalar tensor
 */
export function sgd(
  weights: Tensor,
  momentum: Tensor,
  gradient: Tensor,
  learningRate: Tensor,
  options: SgdOptions,
): { weights: Tensor; momentum: Tensor } {
  const decayed = tf.add(gradient, tf.mul(weights, options.weightDecay));
  const next = tf.add(tf.mul(momentum, options.momentum), decayed);
  return { weights: tf.sub(weights, tf.mul(learningRate, next)), momentum: next };
}

export interface AdamState {
  readonly weights: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

export interface AdamOptions {
  readonly learningRate: Tensor | number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

/** ε of Adam and RMSprop. */
const epsilon = 1e-8;

/**
 * Adam with L2 weight decay added to the gradient (torch.optim.Adam, not AdamW).
 *
 * @param step the number of this update, from 1, a scalar tensor
 */
export function adam(
  weights: Tensor,
  first: Tensor,
  second: Tensor,
  gradient: Tensor,
  step: Tensor,
  { weightDecay, ...options }: AdamOptions,
): AdamState {
  return undecayedAdam(weights, first, second, tf.add(gradient, tf.mul(weights, weightDecay)), step, options);
}

/**
 * Adam with decoupled weight decay, w ← (1 − ηλ)·w before the step (Loshchilov & Hutter 2019, torch.optim.AdamW).
 *
 * @param step the number of this update, from 1, a scalar tensor
 */
export function adamW(
  weights: Tensor,
  first: Tensor,
  second: Tensor,
  gradient: Tensor,
  step: Tensor,
  { weightDecay, ...options }: AdamOptions,
): AdamState {
  const decayed = tf.mul(weights, tf.sub(1, tf.mul(options.learningRate, weightDecay)));
  return undecayedAdam(decayed, first, second, gradient, step, options);
}

function undecayedAdam(
  weights: Tensor,
  first: Tensor,
  second: Tensor,
  g: Tensor,
  step: Tensor,
  { learningRate, beta1, beta2 }: Omit<AdamOptions, 'weightDecay'>,
): AdamState {
  const m = tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1));
  const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2));
  const unbiased = (moment: Tensor, beta: number): Tensor =>
    tf.div(moment, tf.sub(1, tf.pow(tf.scalar(beta), step)));
  const denominator = tf.add(tf.sqrt(unbiased(v, beta2)), epsilon);
  const update = tf.div(unbiased(m, beta1), denominator);
  return { weights: tf.sub(weights, tf.mul(update, learningRate)), first: m, second: v };
}

export interface RmspropOptions {
  readonly weightDecay: number;
  /** How much of the mean square is kept. */
  readonly smoothing: number;
}

/** RMSprop (torch.optim.RMSprop, neither centred nor with momentum): v ← ρv + (1 − ρ)g²; w ← w − ηg/(√v + ε). */
export function rmsprop(
  weights: Tensor,
  square: Tensor,
  gradient: Tensor,
  learningRate: Tensor | number,
  { weightDecay, smoothing }: RmspropOptions,
): { weights: Tensor; square: Tensor } {
  const g = tf.add(gradient, tf.mul(weights, weightDecay));
  const v = tf.add(tf.mul(square, smoothing), tf.mul(tf.square(g), 1 - smoothing));
  const update = tf.div(g, tf.add(tf.sqrt(v), epsilon));
  return { weights: tf.sub(weights, tf.mul(update, learningRate)), square: v };
}

/** The gradient scaled to a norm of at most `limit` (torch.nn.utils.clip_grad_norm_). */
export function clipByNorm(gradient: Tensor, limit: number): Tensor {
  const norm = tf.sqrt(tf.sum(tf.square(gradient)));
  return tf.mul(gradient, tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1));
}
