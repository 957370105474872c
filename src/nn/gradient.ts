/** A function with its gradient in closed form. */
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
