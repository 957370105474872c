/** Activations whose gradients need only their result. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { withGradient } from './gradient.ts';

/** max(x, 0); its gradient is that of the result, so that x itself need not be kept. */
export const relu = (x: Tensor4D): Tensor4D =>
  withGradient(
    [x],
    () => {
      const value = tf.relu(x);
      return { value, kept: [value] };
    },
    (dy, [y]) => [tf.mul(dy, tf.step(y as Tensor))],
  );
