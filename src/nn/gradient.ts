/** Functions with gradients in closed form, and gradients of functions that return more than the loss. */
import * as tf from '@tensorflow/tfjs';

/**
 * `compute(…inputs)`, differentiated by `gradient`.
 *
 * @param compute returns the value, and the tensors that the gradient needs
 * @param gradient of dy and the kept tensors; one gradient an input, in order
 */
export function withGradient<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  compute: () => { value: T; kept: tf.Tensor[] },
  gradient: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.Tensor[],
): T {
  const apply = tf.customGrad((...args) => {
    const save = args[args.length - 1] as (tensors: tf.Tensor[]) => void;
    const { value, kept } = compute();
    save(kept);
    return {
      value,
      gradFunc: (dy: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => gradient(dy as tf.Tensor, saved),
    };
  });
  return apply(...inputs) as T;
}

/** What is differentiated, and what else is computed on the way. */
export interface Objective {
  readonly loss: tf.Scalar;
  readonly aside: readonly tf.Tensor[];
}

/**
 * The loss and its gradients at a point, and the tensors computed aside. What the loss does not depend on has the gradient
 * zero: a genotype may have nodes that lead nowhere.
 */
export function differentiate(
  at: readonly tf.Tensor[],
  objective: (...x: tf.Tensor[]) => Objective,
): { loss: tf.Tensor; gradients: tf.Tensor[]; aside: tf.Tensor[] } {
  let kept: tf.Tensor[] = [];
  const forward = (): tf.Scalar => {
    const { loss, aside } = objective(...at);
    // Only the loss leaves the function; without keep the others would be disposed of with the tape.
    kept = aside.map((tensor) => tf.keep(tf.clone(tensor)));
    return loss;
  };
  // tf.valueAndGrads refuses where a gradient is missing.
  const { value, grads } = tf.engine().gradients(forward, [...at], undefined, true);
  const gradients = at.map((x, i) => grads[i] ?? tf.zerosLike(x));
  // What is kept outlives every scope; a clone made here ends with the caller's.
  const aside = kept.map((tensor) => tf.clone(tensor));
  tf.dispose(kept);
  return { loss: value, gradients, aside };
}
