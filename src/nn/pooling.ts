/** 3×3 pools as DARTS uses them: padding 1 on every side, at stride 2 too. */
import * as tf from '@tensorflow/tfjs';
import { composite } from './channelwise.ts';
import { symmetricPadding } from './convolution.ts';
import { withGradient } from './gradient.ts';

const size = 3;
const pad = symmetricPadding(size);

/** [N, H, W, C] → [N, ⌈H/s⌉, ⌈W/s⌉, C]. */
export const maxPool = (x: tf.Tensor4D, stride: number): tf.Tensor4D =>
  tf.maxPool(x, size, stride, pad, 'floor');

/** The same; the padding is not counted. */
export function averagePool(x: tf.Tensor4D, stride: number): tf.Tensor4D {
  const attributes = { filterSize: size, strides: stride, pad, dimRoundingMode: 'floor' as const };
  return withGradient(
    [x],
    () => ({ value: tf.avgPool(x, size, stride, pad, 'floor'), kept: [x] }),
    (dy, kept) => {
      const [input] = kept as [tf.Tensor4D];
      const definition = (): tf.Tensor[] => [inputGradient(dy as tf.Tensor4D, input.shape, stride)];
      return composite('AveragePoolGradient', { dy, input }, attributes, definition);
    },
  );
}

/**
 * tfjs's gradient kernel divides by the window's whole area at the border as well, though its value does not. So dy
 * is scaled by area/count first, and the kernel differentiates an unpadded pool, for which the two agree.
 */
function inputGradient(dy: tf.Tensor4D, inputShape: readonly number[], stride: number): tf.Tensor {
  const [n, h, w, c] = inputShape as [number, number, number, number];
  const padded = tf.pad(tf.ones([1, h, w, 1]), pad) as tf.Tensor4D;
  const inside = tf.avgPool(padded, size, stride, 'valid');
  const scaled = tf.div(dy, inside);
  const gradient = tf
    .engine()
    .runKernel(
      tf.AvgPoolGrad,
      { dy: scaled, input: tf.zeros([n, h + 2, w + 2, c]) },
      { filterSize: size, strides: stride, pad: 'valid' },
    ) as tf.Tensor;
  return tf.slice(gradient, [0, 1, 1, 0], [n, h, w, c]);
}
