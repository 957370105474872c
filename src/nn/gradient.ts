/** Functions with gradients in closed form, and gradients of functions that return more than the loss. */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';

/**
 * `compute(…inputs)`, differentiated by `gradient`.
 *
 * @param compute returns the value, and the tensors that the gradient needs
 * @param gradient of dy and the kept tensors; one gradient an input, in order
 */
export function withGradient<T extends Tensor>(
  inputs: readonly Tensor[],
  compute: () => { value: T; kept: Tensor[] },
  gradient: (dy: Tensor, kept: Tensor[]) => Tensor[],
): T {
  const apply = tf.customGrad((...args) => {
    const save = args[args.length - 1] as (tensors: Tensor[]) => void;
    const { value, kept } = compute();
    save(kept);
    return {
      value,
      gradFunc: (dy: Tensor | Tensor[], saved: Tensor[]) => gradient(dy as Tensor, saved),
    };
  });
  return apply(...inputs) as T;
}

/**
 * A value and its gradients at some tensors, of which `forward` makes it. What it does not depend on has the gradient zero,
 * where tf.valueAndGrads would refuse: a genotype may have nodes that lead nowhere.
 *
 * @param dy what reaches the value; 1 where it is not given
 */
export function gradientsAt<T extends Tensor>(
  at: readonly Tensor[],
  forward: () => T,
  dy?: Tensor,
): { value: T; gradients: Tensor[] } {
  const engine = tf.engine();
  // Taken within another gradient: tfjs would forget that one's tape.
  const { activeTape } = engine.state;
  const { value, grads } = engine.gradients(forward, [...at], dy as T, true);
  engine.state.activeTape = activeTape;
  return { value, gradients: at.map((x, i) => (grads[i] as Tensor | undefined) ?? tf.zerosLike(x)) };
}

/** What is differentiated, and what else is computed on the way. */
export interface Objective {
  readonly loss: Scalar;
  readonly aside: readonly Tensor[];
}

/** The loss and its gradients at a point, and the tensors computed aside. */
export function differentiate(
  at: readonly Tensor[],
  objective: (...x: Tensor[]) => Objective,
): { loss: Tensor; gradients: Tensor[]; aside: Tensor[] } {
  let kept: Tensor[] = [];
  const forward = (): Scalar => {
    const { loss, aside } = objective(...at);
    // Only the loss leaves the function; without keep the others would be disposed of with the tape.
    kept = aside.map((tensor) => tf.keep(tf.clone(tensor)));
    return loss;
  };
  const { value, gradients } = gradientsAt(at, forward);
  // What is kept outlives every scope; a clone made here ends with the caller's.
  const aside = kept.map((tensor) => tf.clone(tensor));
  tf.dispose(kept);
  return { loss: value, gradients, aside };
}
