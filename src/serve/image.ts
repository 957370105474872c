/** From the bytes of a PNG or JPEG file to the tensor that an image classifier takes. */

import type { ImageShape } from '../data/dataset.ts';
import { decodeImage as decodePixels } from '../data/image.ts';
import { messageOf } from '../errors.ts';
import { errors } from './protocol/errors.ts';
import type { Tensor } from './tensor.ts';

/**
 * An image as float32 [1, channels, height, width] with pixels in [0, 1], decoded as the training images were (see
 * `decodeImage` of the data sets).
 *
 * @param maxPixels images with more pixels are refused, however few bytes they have
 * @throws ProtocolError 400 for bytes that cannot be decoded
 */
export async function decodeImage(bytes: Uint8Array, shape: ImageShape, maxPixels?: number): Promise<Tensor> {
  const { channels, height, width } = shape;
  try {
    const pixels = await decodePixels(bytes, shape, 'the body', maxPixels);
    return {
      dtype: 'float32',
      shape: [1, channels, height, width],
      data: Float32Array.from(pixels, (value) => value / 255),
    };
  } catch (error) {
    throw errors.notImage(messageOf(error));
  }
}
