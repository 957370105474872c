/**
 * Noise in a step: N(0, 1), drawn by the host as an input, so that a step stays a function and a run repeats itself.
 *
 * Not every place has numbers of its own. All take theirs from one pool, each a window that begins `stride` after that of
 * the place before it: at one element of an image, no two places have the same number.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Random } from '../random.ts';
import { float32, type TensorSpec } from '../signature.ts';
import { tf } from '../tfjs.ts';
import type { Context } from './layers.ts';

/** A prime, so that the windows do not begin at multiples of rows or channels. */
const stride = 1021;

/** The number of elements of a pool for so many places, the largest of them of `largest` elements. */
export const noisePool = (sites: number, largest: number): TensorSpec =>
  float32(largest + stride * (sites - 1));

/** The numbers of a pool. */
export const drawNoise = ({ shape }: TensorSpec, random: Random): Float32Array =>
  Float32Array.from({ length: Number(shape[0]) }, () => random.normal());

/** What the noise sites of a network read. */
export const noiseFrom =
  (pool: Tensor): NonNullable<Context['noise']> =>
  (site, [n, h, w, c]) => {
    const window = tf.slice(pool.flatten(), site * stride, n * h * w * c);
    return tf.transpose(window.reshape([n, c, h, w]), [0, 2, 3, 1]);
  };
