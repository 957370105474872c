/**
 * Dynamic loss scaling (Micikevicius et al. 2018, arXiv 1710.03740, section 3.2; torch.amp.GradScaler): gradients too small
 * for float16 are kept by multiplying the loss, and the update is skipped where the product was too large.
 *
 * The state is a vector [scale, good steps since it changed], so that it is saved with a run and a resumed one goes on the
 * same way. A step without it computes in float32, and nothing is scaled or skipped. Scales are powers of 2: multiplying
 * and dividing by them is exact. Adam's count of steps goes on where an update is skipped, unlike torch's: what that
 * changes fades within a few steps.
 */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { DivergenceError } from '../errors.ts';
import type { Precision } from '../precision.ts';
import { float32, type Signature, type Tensors } from '../signature.ts';
import { tf } from '../tfjs.ts';

/** The scale doubles after so many good steps. The numbers are those of torch.amp.GradScaler; it has no greatest scale. */
const growthInterval = 2000;
const largestScale = 2 ** 24;
const initialScale = 2 ** 16;

/** Elements of the state. */
export const lossScaleSize = 2;

export const initialLossScale = (): Float32Array => Float32Array.of(initialScale, 0);

/** @throws DivergenceError where the scale of a state has fallen below 1: then the gradients themselves are too large */
export function requireLossScale(state: ArrayLike<number> | undefined): void {
  if (!state || (state[0] as number) >= 1) return;
  throw new DivergenceError(
    'the gradients are not finite in float16, whatever the loss is scaled by: the training has diverged; ' +
      'start again with --precision float32 or a lower learning rate (the checkpoint of the epoch before is kept)',
  );
}

export interface LossScaling {
  /** The state's part in a step's inputs and outputs. */
  signature(precision: Precision): Signature;
  /** What is differentiated. */
  scaled<E extends { readonly loss: Scalar }>(evaluated: E, inputs: Tensors): E;
  /** The loss and its gradient, of those of the scaled loss. */
  unscaled<E extends { readonly loss: Tensor; readonly gradient: Tensor }>(evaluated: E, inputs: Tensors): E;
  /**
   * The state after an update: `next` where the gradient, unscaled, is finite, what it was before where not; and the
   * next scale.
   */
  committed(next: Tensors, gradient: Tensor, inputs: Tensors): Tensors;
}

/** @param name the vector's in the state */
export function lossScaling(name: string): LossScaling {
  const scaleOf = (inputs: Tensors): Tensor | undefined => inputs[name]?.slice([0], [1]).reshape([]);
  return {
    signature: (precision) => (precision === 'float16' ? { [name]: float32(lossScaleSize) } : {}),
    scaled: (evaluated, inputs) => {
      const scale = scaleOf(inputs);
      return scale ? { ...evaluated, loss: tf.mul(evaluated.loss, scale) } : evaluated;
    },
    unscaled: (evaluated, inputs) => {
      const scale = scaleOf(inputs);
      if (!scale) return evaluated;
      const { loss, gradient } = evaluated;
      return { ...evaluated, loss: tf.div(loss, scale), gradient: tf.div(gradient, scale) };
    },
    committed: (next, gradient, inputs) => {
      const state = inputs[name];
      if (!state) return next;
      // One sum instead of a test of each element. Comparisons with NaN are false.
      const finite = tf.less(tf.sum(tf.square(gradient)), Number.POSITIVE_INFINITY);
      const kept = Object.entries(next).map(([key, value]) => [
        key,
        tf.where(finite, value, inputs[key] as Tensor),
      ]);
      return { ...Object.fromEntries(kept), [name]: nextState(state, finite) };
    },
  };
}

function nextState(state: Tensor, finite: Tensor): Tensor {
  const [scale, good] = tf.split(state, 2) as [Tensor, Tensor];
  const count = tf.add(good, 1);
  const due = tf.greaterEqual(count, growthInterval);
  const zero = tf.zerosLike(good);
  const grown = tf.where(due, tf.minimum(tf.mul(scale, 2), largestScale), scale);
  return tf.concat([
    tf.where(finite, grown, tf.div(scale, 2)),
    tf.where(finite, tf.where(due, zero, count), zero),
  ]);
}
