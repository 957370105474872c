/** Losses and metrics of a batch. Logits are [N, classes], labels int32 [N]. */
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';

/** The mean over the batch of −log softmax(logits)[label]; a scalar. */
export function crossEntropy(logits: Tensor2D, labels: Tensor1D): Scalar {
  const targets = tf.oneHot(labels, logits.shape[1]);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), targets), 1))) as Scalar;
}

/** How many of the batch have their largest logit at the label; a float32 scalar. */
export const correctCount = (logits: Tensor2D, labels: Tensor1D): Scalar =>
  tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')) as Scalar;
