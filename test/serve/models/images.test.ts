import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { type ImageShape, pixelsOf } from '../../../src/data/dataset.ts';
import { loadDataset } from '../../../src/data/load.ts';
import { decodeImages } from '../../../src/serve/models/images.ts';
import { ProtocolError } from '../../../src/serve/protocol/errors.ts';
import type { Tensor } from '../../../src/serve/tensor.ts';
import { bytesOf, folderWith } from '../../data/support.ts';

const decodeImage = (bytes: Uint8Array, shape: ImageShape, maxPixels?: number): Promise<Tensor> =>
  decodeImages([bytes], { image: shape, layout: 'nchw', normalization: undefined }, maxPixels);

/** A PNG, unless `encode` says otherwise, of these pixels. */
const image = (
  width: number,
  channels: 1 | 2 | 3 | 4,
  pixels: number[],
  encode = (picture: Sharp): Sharp => picture.png(),
): Promise<Buffer> =>
  encode(
    sharp(Uint8Array.from(pixels), { raw: { width, height: pixels.length / width / channels, channels } }),
  ).toBuffer();

/** The decoded pixels, scaled back to 0 … 255. */
const decode = async (
  bytes: Uint8Array,
  channels: number,
  height: number,
  width: number,
): Promise<number[]> => {
  const { shape, data } = await decodeImage(bytes, { channels, height, width });
  expect(shape).toEqual([1, channels, height, width]);
  expect(data).toBeInstanceOf(Float32Array);
  return Array.from<unknown, number>(data, (pixel) => Math.round(Number(pixel) * 255 * 1000) / 1000);
};

describe('decodeImages', () => {
  it('gives one plane a channel, in [0, 1]', async () => {
    const rgb = [255, 0, 1, 0, 255, 2, 10, 20, 30, 40, 50, 60];
    const planes = [255, 0, 10, 40, 0, 255, 20, 50, 1, 2, 30, 60];
    expect(await decode(await image(2, 3, rgb), 3, 2, 2)).toEqual(planes);
    const { data } = await decodeImage(await image(1, 1, [255]), { channels: 1, height: 1, width: 1 });
    expect(data).toEqual(Float32Array.of(1));
  });

  it('puts several images into one tensor, channels first or last, normalised by channel', async () => {
    const files = [await image(2, 3, [255, 0, 51, 0, 255, 102]), await image(2, 3, [0, 0, 0, 255, 255, 255])];
    const normalization = { mean: [0.5, 0, 0], std: [0.5, 1, 0.1] };
    const shape = { channels: 3, height: 1, width: 2 };
    const first = await decodeImages(files, { image: shape, layout: 'nchw', normalization });
    expect(first.shape).toEqual([2, 3, 1, 2]);
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
    expect([...(first.data as Float32Array)]).toEqual(close([1, -1, 0, 1, 2, 4, -1, 1, 0, 1, 0, 10]));
    const last = await decodeImages(files, { image: shape, layout: 'nhwc', normalization });
    expect(last.shape).toEqual([2, 1, 2, 3]);
    expect([...(last.data as Float32Array)]).toEqual(close([1, 0, 2, -1, 1, 4, -1, 0, 0, 1, 1, 10]));
    const broken = decodeImages([files[0] as Buffer, Buffer.from('x')], {
      image: shape,
      layout: 'nchw',
      normalization,
    });
    await expect(broken).rejects.toThrow(/^image 1: cannot/);
  });

  it('makes grey RGB and RGB grey', async () => {
    expect(await decode(await image(2, 1, [7, 200]), 3, 1, 2)).toEqual([7, 200, 7, 200, 7, 200]);
    expect(await decode(await image(2, 3, [9, 9, 9, 250, 250, 250]), 1, 1, 2)).toEqual([9, 250]);
  });

  it('lays transparency on white', async () => {
    const rgba = [200, 100, 50, 0, 200, 100, 50, 255];
    expect(await decode(await image(2, 4, rgba), 3, 1, 2)).toEqual([255, 200, 255, 100, 255, 50]);
    expect(await decode(await image(2, 2, [200, 0, 200, 255]), 1, 1, 2)).toEqual([255, 200]);
  });

  it('gives the pixels that the image has in a data set', async () => {
    const pictures = await Promise.all(
      ([3, 4] as const).map((channels, seed) => image(9, channels, [...bytesOf(9 * 7 * channels, seed)])),
    );
    const files = pictures.flatMap((bytes, i) => [0, 1].map((copy) => [`class${i}/${copy}.png`, bytes]));
    const { train, shape } = await loadDataset(await folderWith(Object.fromEntries(files)), { imageSize: 5 });
    const inDataset = Array.from({ length: train.count }, (_, i) => [
      ...train.images.subarray(i * pixelsOf(shape), (i + 1) * pixelsOf(shape)),
    ]);
    for (const picture of pictures) expect(inDataset).toContainEqual(await decode(picture, 3, 5, 5));
  });

  it('stretches to the size of the model', async () => {
    const flat = await image(
      8,
      1,
      Array.from({ length: 8 * 2 }, () => 77),
    );
    expect(await decode(flat, 1, 4, 3)).toEqual(Array.from({ length: 12 }, () => 77));
  });

  it.each<[string, (picture: Sharp) => Sharp]>([
    ['JPEG', (picture) => picture.jpeg({ quality: 100 })],
    ['lossless WebP', (picture) => picture.webp({ lossless: true })],
    ['lossy WebP', (picture) => picture.webp({ quality: 100 })],
  ])('takes %s, and turns it upright', async (_, encoded) => {
    const black = Array.from({ length: 16 * 8 }, () => 0);
    const white = black.map(() => 255);
    const lyingDown = await image(16, 1, [...black, ...white], (picture) =>
      encoded(picture).withMetadata({ orientation: 3 }),
    );
    const [top, bottom] = await decode(lyingDown, 1, 2, 1);
    expect(top).toBeGreaterThan(200);
    expect(bottom).toBeLessThan(50);
  });

  it('takes the first image of an animation', async () => {
    const frames = await Promise.all(
      [10, 200].map((grey) =>
        sharp({ create: { width: 2, height: 2, channels: 3, background: { r: grey, g: grey, b: grey } } })
          .png()
          .toBuffer(),
      ),
    );
    const animation = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    expect(await sharp(animation).metadata()).toMatchObject({ pages: 2 });
    expect(await decode(animation, 1, 2, 2)).toEqual([10, 10, 10, 10]);
  });

  it('brings 16-bit PNGs to [0, 1]', async () => {
    const deep = await sharp(Uint16Array.of(0, 65535), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect(await decode(deep, 1, 1, 2)).toEqual([0, 255]);
  });

  it.each<[string, () => Promise<Uint8Array>]>([
    ['nothing', async () => new Uint8Array(0)],
    ['text', async () => Buffer.from('a cat')],
    ['SVG, which sharp could read', async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['GIF, which sharp could read', () => image(1, 1, [0], (picture) => picture.gif())],
    [
      'half a PNG',
      async () =>
        (
          await image(
            64,
            1,
            Array.from({ length: 4096 }, (_, i) => (i * i) % 251),
          )
        ).subarray(0, 900),
    ],
    ['the start of a WebP', async () => Buffer.from('RIFF\x08\0\0\0WEBPVP8 ', 'latin1')],
    [
      'a sound file, which begins as a WebP does',
      async () => Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1'),
    ],
    ['the start of a JPEG', async () => Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16)],
  ])('refuses %s with 400', async (_, bytes) => {
    const error = await decodeImage(await bytes(), { channels: 1, height: 8, width: 8 }).catch(
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^the image: cannot be read as a PNG, JPEG or WebP image: ./),
    });
  });

  it('refuses images of too many pixels before it decodes them', async () => {
    const large = await image(
      100,
      1,
      Array.from({ length: 100 * 100 }, () => 0),
    );
    const shape = { channels: 1, height: 1, width: 1 };
    await expect(decodeImage(large, shape, 9_999)).rejects.toThrow(/pixel limit/);
    await expect(decodeImage(large, shape, 10_000)).resolves.toBeDefined();
  });
});
