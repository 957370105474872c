/**
 * The bilevel optimisation of DARTS (Liu, Simonyan & Yang 2019), one function an equation. All are functions of
 * tensors: w is the flat θ, α the flat vector of the architecture.
 */
import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import { differentiate } from '../nn/gradient.ts';
import { sharing } from '../nn/layers.ts';
import { correctCount, crossEntropy } from '../nn/losses.ts';
import { noiseFrom } from '../nn/noise.ts';
import type { Tensors } from '../signature.ts';
import { tf } from '../tfjs.ts';
import { architectureOf, type Supernet } from './supernet.ts';

/** Images [N, C, H, W], normalised, and int32 labels [N]. */
export interface Batch {
  readonly images: Tensor4D;
  readonly labels: Tensor1D;
}

/** L(w, α) on a batch, and how many it classifies correctly. */
export type Loss = (
  w: readonly Tensor[],
  alpha: Tensor,
  batch: Batch,
) => {
  loss: Scalar;
  correct: Scalar;
};

/**
 * The cross-entropy of the supernet, normalised by the batch's statistics; w in the pieces of its table.
 *
 * @param inputs what the method and noise take at this step
 */
export const supernetLoss =
  (supernet: Supernet, inputs: Tensors = {}): Loss =>
  (w, alpha, { images, labels }) => {
    const parameter = supernet.parameters.lookup(w);
    const statistic = (): never => {
      throw new Error('the search keeps no running statistics');
    };
    const weights = supernet.method.mix(architectureOf(supernet, alpha), inputs, supernet.space);
    const context = {
      parameter,
      statistic,
      normalization: 'batch',
      once: sharing(),
      weights,
      ...(inputs.noise && { noise: noiseFrom(inputs.noise) }),
    } as const;
    const logits = supernet.logits(tf.transpose(images, [0, 2, 3, 1]), context);
    return { loss: crossEntropy(logits, labels), correct: correctCount(logits, labels) };
  };

export interface Evaluated {
  readonly loss: Tensor;
  readonly correct: Tensor;
}

/** ∇_w L and the loss. */
export function weightGradient(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  batch: Batch,
): Evaluated & { gradient: Tensor } {
  const pieces = supernet.parameters.split(w);
  const { gradients, ...rest } = evaluated(pieces, (...p) => loss(p, alpha, batch));
  return { ...rest, gradient: supernet.parameters.join(gradients) };
}

/** ∇_α L(w, α) and the loss: the first-order approximation when taken on the validation batch. */
export function alphaGradient(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  batch: Batch,
): Evaluated & { gradient: Tensor } {
  const pieces = supernet.parameters.split(w);
  const { gradients, ...rest } = evaluated([alpha], (a) => loss(pieces, a as Tensor, batch));
  return { ...rest, gradient: gradients[0] as Tensor };
}

/** ∇_α L, ∇_w L and the loss: both of one pass backwards. */
export function bothGradients(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  batch: Batch,
): Evaluated & { alphaGradient: Tensor; weightGradient: Tensor } {
  const pieces = supernet.parameters.split(w);
  const { gradients, ...rest } = evaluated([alpha, ...pieces], (a, ...p) => loss(p, a as Tensor, batch));
  const [ofAlpha, ...ofPieces] = gradients as [Tensor, ...Tensor[]];
  return { ...rest, alphaGradient: ofAlpha, weightGradient: supernet.parameters.join(ofPieces) };
}

export interface UnrolledOptions {
  /** η: the learning rate of the weights, a scalar tensor. */
  readonly learningRate: Tensor;
  /** The momentum buffer m of the weights' optimizer. */
  readonly buffer: Tensor;
  /** μ and λ. */
  readonly momentum: number;
  readonly weightDecay: number;
}

/** w' = w − η(μ·m + ∇_w L_train(w, α) + λw): one virtual step of the weights (equation 6). */
export function unrolledWeights(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  train: Batch,
  { learningRate, buffer, momentum, weightDecay }: UnrolledOptions,
): Tensor {
  const { gradient } = weightGradient(loss, supernet, w, alpha, train);
  const step = tf.addN([tf.mul(buffer, momentum), gradient, tf.mul(w, weightDecay)]);
  return tf.sub(w, tf.mul(learningRate, step));
}

/** R = 0.01/‖v‖ (the paper's ε): the radius of the finite difference. */
const radius = 0.01;

/**
 * ∇²_{α,w} L_train(w, α)·v ≈ (∇_α L_train(w⁺, α) − ∇_α L_train(w⁻, α)) / (2R), w± = w ± R·v, R = 0.01/‖v‖
 * (equation 8).
 */
export function hessianVectorProduct(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  train: Batch,
  v: Tensor,
): Tensor {
  const r = tf.div(radius, tf.sqrt(tf.sum(tf.square(v))));
  const rv = tf.mul(r, v);
  const above = alphaGradient(loss, supernet, tf.add(w, rv), alpha, train).gradient;
  const below = alphaGradient(loss, supernet, tf.sub(w, rv), alpha, train).gradient;
  return tf.div(tf.sub(above, below), tf.mul(2, r));
}

/** ∇_α L_val(w', α) − η·∇²_{α,w} L_train(w, α)·∇_{w'} L_val(w', α) (equation 7): the second-order gradient. */
export function unrolledGradient(
  loss: Loss,
  supernet: Supernet,
  w: Tensor,
  alpha: Tensor,
  train: Batch,
  validation: Batch,
  options: UnrolledOptions,
): Evaluated & { gradient: Tensor } {
  const unrolled = unrolledWeights(loss, supernet, w, alpha, train, options);
  const { alphaGradient, weightGradient, ...rest } = bothGradients(
    loss,
    supernet,
    unrolled,
    alpha,
    validation,
  );
  const implicit = hessianVectorProduct(loss, supernet, w, alpha, train, weightGradient);
  return { ...rest, gradient: tf.sub(alphaGradient, tf.mul(options.learningRate, implicit)) };
}

/** A loss, its gradients, and the count that it computes on the way. */
function evaluated(
  at: readonly Tensor[],
  f: (...x: Tensor[]) => ReturnType<Loss>,
): Evaluated & { gradients: Tensor[] } {
  const { loss, gradients, aside } = differentiate(at, (...x) => {
    const { loss: value, correct } = f(...x);
    return { loss: value, aside: [correct] };
  });
  return { loss, gradients, correct: aside[0] as Tensor };
}
