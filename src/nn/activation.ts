/** Activations whose gradients need only their result. */
import * as tf from '@tensorflow/tfjs';
import { withGradient } from './gradient.ts';

/** max(x, 0); its gradient is that of the result, so that x itself need not be kept. */
export const relu = (x: tf.Tensor4D): tf.Tensor4D =>
  withGradient(
    [x],
    () => {
      const value = tf.relu(x);
      return { value, kept: [value] };
    },
    (dy, [y]) => [tf.mul(dy, tf.step(y as tf.Tensor))],
  );
