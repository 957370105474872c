/** From the bytes of a PNG or JPEG file to the tensor that an image classifier takes. */

import sharp from 'sharp';
import type { ImageShape } from '../data/dataset.ts';
import { messageOf } from '../errors.ts';
import { errors } from './protocol/errors.ts';
import type { Tensor } from './tensor.ts';

/** Images with more pixels than this are refused, however few bytes they have. */
export const defaultMaxPixels = 64 * 2 ** 20;

/** The first bytes of the formats that are decoded; sharp knows more (SVG, TIFF, …) and we want none of their risks. */
const signatures: readonly (readonly number[])[] = [
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  [0xff, 0xd8, 0xff],
];

/**
 * An image as float32 [1, channels, height, width] with pixels in [0, 1]. It is turned upright (EXIF orientation),
 * transparent pixels are laid on black, it is stretched to the size whatever its aspect ratio, and colours become
 * grey or grey becomes RGB as the channels ask. Throws a 400 for bytes that cannot be decoded.
 */
export async function decodeImage(
  bytes: Uint8Array,
  shape: ImageShape,
  maxPixels: number = defaultMaxPixels,
): Promise<Tensor> {
  const known = signatures.some((signature) => signature.every((byte, i) => bytes[i] === byte));
  if (!known) throw errors.notImage('expected a PNG or JPEG file');
  const { channels, height, width } = shape;
  try {
    const pixels = await sharp(bytes, { limitInputPixels: maxPixels })
      .autoOrient()
      .flatten({ background: 'black' })
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer();
    return { dtype: 'float32', shape: [1, channels, height, width], data: planes(pixels, channels) };
  } catch (error) {
    throw errors.notImage(messageOf(error));
  }
}

/** Interleaved 8-bit channels as planes of [0, 1], one a channel. */
function planes(pixels: Uint8Array, channels: number): Float32Array {
  const area = pixels.length / channels;
  const data = new Float32Array(pixels.length);
  pixels.forEach((value, i) => {
    data[(i % channels) * area + Math.floor(i / channels)] = value / 255;
  });
  return data;
}
