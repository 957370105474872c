/**
 * Folding: f images side by side in the channels of one, so that operations on few channels run as wide as the machine
 * does. [N, H, W, c] → [N/f, H, W, f·c]; the images' channels follow one another.
 *
 * What works on each channel by itself need not know; filters are repeated, once for each image, and statistics of a
 * channel are those of its f places together.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { withGradient } from './gradient.ts';
import { composite } from './kernel.ts';

const fold = (x: Tensor, images: number): Tensor => {
  const [y] = composite('FoldImages', { x }, { images }, () => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const apart = tf.reshape(x, [n / images, images, h, w, c]);
    return [tf.transpose(apart, [0, 2, 3, 1, 4]).reshape([n / images, h, w, images * c])];
  });
  return y as Tensor;
};

const unfold = (x: Tensor, images: number): Tensor => {
  const [y] = composite('UnfoldImages', { x }, { images }, () => {
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const apart = tf.reshape(x, [n, h, w, images, c / images]);
    return [tf.transpose(apart, [0, 3, 1, 2, 4]).reshape([n * images, h, w, c / images])];
  });
  return y as Tensor;
};

/** [N, H, W, c] → [N/f, H, W, f·c]; f divides N. */
export const foldImages = (x: Tensor4D, images: number): Tensor4D =>
  withGradient(
    [x],
    () => ({ value: fold(x, images) as Tensor4D, kept: [] }),
    (dy) => [unfold(dy, images)],
  );

/** The inverse. */
export const unfoldImages = (x: Tensor4D, images: number): Tensor4D =>
  withGradient(
    [x],
    () => ({ value: unfold(x, images) as Tensor4D, kept: [] }),
    (dy) => [fold(dy, images)],
  );

/** A depthwise filter [k, k, c, 1] for each of f images: [k, k, f·c, 1]. */
export function foldDepthwise(filter: Tensor, images: number): Tensor {
  if (images === 1) return filter;
  const [h, w, c] = filter.shape as [number, number, number];
  return withGradient(
    [filter],
    () => ({ value: tf.tile(filter, [1, 1, images, 1]), kept: [] }),
    (dy) => [tf.sum(dy.reshape([h, w, images, c]), 2).reshape([h, w, c, 1])],
  );
}

/**
 * A filter [k, k, I, O] that sees each of f images by itself: [k, k, f·I, f·width], zero between the images.
 *
 * @param place where among `width` channels its O results come: others are left zero
 */
export function foldFilter(
  filter: Tensor,
  images: number,
  { begin, width }: { readonly begin: number; readonly width: number } = {
    begin: 0,
    width: filter.shape[3] as number,
  },
): Tensor {
  const [, , inputs, outputs] = filter.shape as [number, number, number, number];
  const after = width - begin - outputs;
  const placed =
    begin === 0 && after === 0
      ? filter
      : tf.pad(filter, [
          [0, 0],
          [0, 0],
          [0, 0],
          [begin, after],
        ]);
  if (images === 1) return placed;
  const own = new Float32Array(images * inputs * images * width);
  for (let image = 0; image < images; image++) {
    for (let input = 0; input < inputs; input++) {
      const row = (image * inputs + input) * images + image;
      own.fill(1, row * width, (row + 1) * width);
    }
  }
  const [h, w] = filter.shape as [number, number];
  return withGradient(
    [placed],
    () => {
      const mask = tf.tensor4d(own, [1, 1, images * inputs, images * width]);
      return { value: tf.mul(tf.tile(placed, [1, 1, images, images]), mask), kept: [mask] };
    },
    (dy, [mask]) => {
      const apart = tf.mul(dy, mask as Tensor).reshape([h * w, images, inputs, images, width]);
      return [tf.sum(apart, [1, 3]).reshape([h, w, inputs, width])];
    },
  );
}
