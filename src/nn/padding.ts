/**
 * Padding: where a backend computes whole blocks of channels, images have as many channels more as fill the last one.
 * What is in them does not matter: no parameter of what reads them is other than zero there. Parameters, statistics and
 * results are those of the network without padding.
 *
 * Only a layer that makes channels of its own (a convolution) decides to pad; all others see what they are given.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';
import { channelBlock } from './kernel.ts';

/** Channels of an image: of one result, or of several of equally many channels each, concatenated. */
export interface Width {
  readonly channels: number;
  readonly parts: number;
}

export const widthOf = (channels: number | Width): Width =>
  typeof channels === 'number' ? { channels, parts: 1 } : channels;

/** Channels with which the present backend holds an image of so many: whole blocks, if half of the last one is used. */
export function paddedChannels(channels: number): number {
  const block = channelBlock();
  const padded = Math.ceil(channels / block) * block;
  return padded <= 2 * channels ? padded : channels;
}

/**
 * A tensor whose axis goes over channels, zero where the image is padded; the tensor itself where it is not.
 *
 * @param to the channels of the image
 * @param parts as in {@link Width}: each is padded by itself
 */
export function padTo(x: Tensor, axis: number, to: number, parts = 1): Tensor {
  const channels = x.shape[axis] as number;
  if (channels === to) return x;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const apart = tf.reshape(x, [...before, parts, channels / parts, ...after]);
  const paddings = apart.shape.map((_, i): [number, number] => [
    0,
    i === axis + 1 ? (to - channels) / parts : 0,
  ]);
  return tf.reshape(tf.pad(apart, paddings), [...before, to, ...after]);
}

/** The first channels of a vector over them: the inverse of `padTo` for one part. */
export const withoutPadding = (vector: Tensor, channels: number): Tensor =>
  vector.size === channels ? vector : tf.slice(vector, [0], [channels]);
