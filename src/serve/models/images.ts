/** From the bytes of image files to the tensor that an image classifier takes. */

import { availableParallelism } from 'node:os';
import { concurrently } from '../../data/concurrently.ts';
import { decodeImage } from '../../data/image.ts';
import { loadSharp } from '../../data/sharp.ts';
import { messageOf } from '../../errors.ts';
import { errors } from '../protocol/errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Classifier } from './classifier.ts';

// The first image is not to wait for it. Where it cannot be loaded, that image says so.
void loadSharp().catch(() => undefined);

/**
 * Images as float32 [N, channels, height, width] (or channels last), with pixels in [0, 1] and normalised as the
 * model wants it, decoded as the training images were (see `decodeImage` of the data sets).
 *
 * @param maxPixels images with more pixels are refused, however few bytes they have
 * @param isGone whether nobody waits for the images any more
 * @throws ProtocolError 400 for bytes that cannot be decoded, 499 where nobody waits
 */
export async function decodeImages(
  files: readonly Uint8Array[],
  { image, layout, normalization }: Pick<Classifier, 'image' | 'layout' | 'normalization'>,
  maxPixels?: number,
  isGone = (): boolean => false,
): Promise<Tensor> {
  const { channels, height, width } = image;
  const { mean, std } = normalization ?? { mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  const area = height * width;
  // Not all at once: the few images of others need not wait for one's many.
  const decoded = await concurrently(files, availableParallelism(), async (bytes, i) => {
    if (isGone()) throw errors.cancelled();
    const name = files.length === 1 ? 'the image' : `image ${i}`;
    return decodeImage(bytes, image, name, maxPixels).catch((error: unknown) => {
      throw errors.notImage(messageOf(error));
    });
  });
  const data = new Float32Array(files.length * channels * area);
  const [step, plane] = layout === 'nchw' ? [1, area] : [channels, 1];
  decoded.forEach((pixels, i) => {
    for (let channel = 0; channel < channels; channel++) {
      const scale = 1 / (std[channel] as number);
      const center = mean[channel] as number;
      const start = i * channels * area + channel * plane;
      for (let at = 0; at < area; at++) {
        const pixel = (pixels[channel * area + at] ?? 0) / 255;
        data[start + at * step] = (pixel - center) * scale;
      }
    }
  });
  const shape = layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  return { dtype: 'float32', shape: [files.length, ...shape], data };
}
