/** Channels chosen, left out and put into another order. */
import type { Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { convolve } from './convolution.ts';

/**
 * The image whose channels are those of x at the given places, zero where there is none: [N, H, W, C] → [N, H, W, K].
 *
 * A 1×1 convolution with a filter of zeros and ones: exact, and, unlike a cut or a permutation, computed in every layout.
 */
export function selectChannels(x: Tensor4D, from: readonly (number | undefined)[]): Tensor4D {
  const [inputs, outputs] = [x.shape[3], from.length];
  const filter = new Float32Array(inputs * outputs);
  from.forEach((input, output) => {
    if (input !== undefined) filter[input * outputs + output] = 1;
  });
  return convolve(x, tf.tensor4d(filter, [1, 1, inputs, outputs]));
}
