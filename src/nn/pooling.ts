/** Pools: of 3×3 pixels as DARTS uses them, padding 1 on every side, at stride 2 too; and of pairs. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { padded, symmetricPadding } from './convolution.ts';
import { withGradient } from './gradient.ts';
import { hasKernel, runKernel } from './kernel.ts';

const size = 3;
const pad = symmetricPadding(size);

/** [N, H, W, C] → [N, ⌈H/s⌉, ⌈W/s⌉, C]. */
export function maxPool(x: Tensor4D, stride: number): Tensor4D {
  const [image, padding, rounding] = padded(x, pad, Number.NEGATIVE_INFINITY);
  return tf.maxPool(image, size, stride, padding, rounding);
}

/** The same; the padding is not counted. */
export function averagePool(x: Tensor4D, stride: number): Tensor4D {
  if (!hasKernel('AveragePoolGradient')) return averageOfPadded(x, stride);
  const attributes = { filterSize: size, strides: stride, pad, dimRoundingMode: 'floor' as const };
  return withGradient(
    [x],
    () => ({ value: tf.avgPool(x, size, stride, pad, 'floor'), kept: [x] }),
    (dy, [input]) => runKernel('AveragePoolGradient', { dy, input: input as Tensor }, attributes),
  );
}

/**
 * Where a padded window lies partly outside, tfjs's gradient of it divides by its whole area, though its value does
 * not. So the image is padded first, for which the two agree, and the mean scaled by the part of the window inside.
 */
const averageOfPadded = (x: Tensor4D, stride: number): Tensor4D =>
  averageInside(x, (image) => tf.avgPool(tf.pad(image, pad), size, stride, 'valid'));

/** The means of windows over padded images, of what lies inside of them: the padding, zeros, is not counted. */
function averageInside(x: Tensor4D, mean: (image: Tensor4D) => Tensor4D): Tensor4D {
  const [, h, w] = x.shape;
  return tf.div(mean(x), mean(tf.ones([1, h, w, 1])));
}

/** The maxima of 2×2 pixels: [N, H, W, C] → [N, ⌈H/2⌉, ⌈W/2⌉, C]. An odd size ends in windows of what is left. */
export const maxPoolPairs = (x: Tensor4D): Tensor4D => tf.maxPool(x, 2, 2, 'same');

/** Means of 2×2 pixels: [N, H, W, C] → [N, ⌈H/2⌉, ⌈W/2⌉, C]; of fewer at the edge of an odd size. */
export function averagePoolPairs(x: Tensor4D): Tensor4D {
  const [, h, w] = x.shape;
  const mean = (image: Tensor4D): Tensor4D => tf.avgPool(image, 2, 2, 'valid');
  if (h % 2 === 0 && w % 2 === 0) return mean(x);
  const even = (image: Tensor4D): Tensor4D =>
    tf.pad(image, [
      [0, 0],
      [0, h % 2],
      [0, w % 2],
      [0, 0],
    ]);
  return averageInside(x, (image) => mean(even(image)));
}
