/** A choice that the data make, of which a backend need compute only the branch that is taken. */
import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';
import { composite } from './kernel.ts';

/**
 * x where `chosen` holds, else `otherwise`; the gradient goes to that branch alone, the other one's is zero.
 *
 * @param chosen a bool scalar; nothing is differentiated through it
 * @param x of the shape of `otherwise`
 */
export const choose = <T extends tf.Tensor>(chosen: tf.Tensor, x: T, otherwise: T): T =>
  withGradient(
    [x, otherwise],
    () => ({ value: select(chosen, x, otherwise) as T, kept: [chosen] }),
    (dy, [condition]) => {
      const zeros = tf.zerosLike(dy);
      return [select(condition as tf.Tensor, dy, zeros), select(condition as tf.Tensor, zeros, dy)];
    },
  );

function select(chosen: tf.Tensor, x: tf.Tensor, otherwise: tf.Tensor): tf.Tensor {
  const [y] = composite('Choose', { chosen, x, otherwise }, {}, () => [tf.where(chosen, x, otherwise)]);
  return y as tf.Tensor;
}
