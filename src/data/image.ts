/** Encoded images to pixels: the same steps for training images and for those that a served model is asked about. */
import type { Sharp } from 'sharp';
import { InputError, messageOf } from '../errors.ts';
import { type ImageShape, pixelsOf } from './dataset.ts';
import { imageFormatNames, isOfImageFormat } from './image-formats.ts';
import { decodePlainPng } from './png.ts';
import { loadSharp } from './sharp.ts';

/** The most pixels an encoded image may have; a larger one is refused before it is decoded. */
export const pixelLimit = 2 ** 26;

/** How images change size: to exactly the given size, the whole image, aspect ratio not kept; sharp's default kernel. */
export const resizing = { fit: 'fill' } as const;

/** The most values of an image that is decoded at once, in this thread, where it is a plain PNG file. */
const plainLimit = 2 ** 14;

/**
 * The shape of an encoded image after its EXIF orientation is applied: 1 channel where it is stored as grey, with
 * or without transparency, else 3.
 *
 * @param bytes the content of a file of one of {@link imageFormats}
 * @param name what error messages call the image
 * @throws InputError when the bytes are no such image, or the image is too large
 */
export const probeImage = (bytes: Uint8Array, name: string): Promise<ImageShape> =>
  reading(name, pixelLimit, async () => {
    const { channels, autoOrient } = await (await open(bytes, pixelLimit)).metadata();
    return { channels: channels <= 2 ? 1 : 3, height: autoOrient.height, width: autoOrient.width };
  });

/**
 * The pixels 0 … 255 of an encoded image in the wanted shape, planar: row-major [channels, height, width].
 *
 * The image is turned as its EXIF orientation says, transparency is laid on white, colours are brought to sRGB or
 * to grey, 16-bit values to 8 bits, and the size to the wanted one (see `resizing`).
 *
 * @param bytes the content of a file of one of {@link imageFormats}
 * @param shape the wanted shape, with 1 or 3 channels
 * @param name what error messages call the image
 * @param limit the most pixels that the image may have
 * @throws InputError when the bytes are no such image, or the image is too large or damaged
 */
export const decodeImage = (
  bytes: Uint8Array,
  shape: ImageShape,
  name: string,
  limit: number = pixelLimit,
): Promise<Uint8Array> =>
  reading(name, limit, async () => {
    const size = pixelsOf(shape);
    const small = size <= plainLimit && shape.height * shape.width <= limit;
    const plain = small ? decodePlainPng(bytes, shape) : undefined;
    const interleaved = plain ?? (await decodeAny(bytes, shape, limit));
    if (interleaved.length !== size) {
      throw new Error(`decoded to ${interleaved.length} values instead of ${size}`);
    }
    return shape.channels === 1 ? interleaved : planar(interleaved, shape.channels);
  });

const decodeAny = async (bytes: Uint8Array, shape: ImageShape, limit: number): Promise<Uint8Array> =>
  (await open(bytes, limit))
    .autoOrient()
    .flatten({ background: 'white' })
    .resize(shape.width, shape.height, resizing)
    .toColourspace(shape.channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();

/** An image's pixels, planar as `decodeImage` gives them, as a PNG file. */
export async function encodePng(
  pixels: Uint8Array,
  { channels, height, width }: ImageShape,
): Promise<Buffer> {
  const sharp = await loadSharp();
  const plane = height * width;
  const interleaved = Uint8Array.from(
    pixels,
    (_, i) => pixels[(i % channels) * plane + Math.floor(i / channels)] as number,
  );
  return sharp(interleaved, { raw: { width, height, channels: channels as 1 | 3 } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
}

async function open(bytes: Uint8Array, limit: number): Promise<Sharp> {
  if (!isOfImageFormat(bytes)) {
    throw new Error(bytes.length === 0 ? 'it is empty' : 'it is of another format');
  }
  return (await loadSharp())(bytes, { limitInputPixels: limit });
}

async function reading<Result>(name: string, limit: number, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    const message = messageOf(error);
    const reason = message.includes('pixel limit')
      ? `it exceeds the pixel limit of ${limit}; make it smaller`
      : inOneLine(message);
    throw new InputError(`${name}: cannot be read as a ${imageFormatNames} image: ${reason}.`);
  }
}

/** libvips says what is wrong in several lines, some of them several times. */
const inOneLine = (message: string): string =>
  [...new Set(message.split('\n').map((line) => line.trim()))].filter((line) => line !== '').join('; ');

function planar(interleaved: Uint8Array, channels: number): Uint8Array {
  const planes = new Uint8Array(interleaved.length);
  const plane = interleaved.length / channels;
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < channels; channel++) {
      planes[channel * plane + i] = interleaved[i * channels + channel] as number;
    }
  }
  return planes;
}
