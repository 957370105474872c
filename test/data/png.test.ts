import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/image.ts';
import { decodePlainPng } from '../../src/data/png.ts';

const chunk = (type: string, content: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
};

interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Of each row. */
  readonly filters: readonly number[];
  /** Filtered bytes are as good as any: every sequence of them is an image. */
  readonly noise: Uint8Array;
  /** Where the compressed data are cut in two chunks. */
  readonly cut: number;
  readonly between: readonly string[];
}

function fileOf({ width, height, channels, filters, noise, cut, between }: Image): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 1 ? 0 : 2, 0, 0, 0], 8);
  const stride = width * channels;
  const rows = Array.from({ length: height }, (_, y) => [
    Buffer.of(filters[y] ?? 0),
    Buffer.from(Array.from({ length: stride }, (__, x) => noise[(y * stride + x) % noise.length] ?? 0)),
  ]);
  const data = deflateSync(Buffer.concat(rows.flat()));
  const at = cut % data.length;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...between.map((type) =>
      chunk(type, type === 'pHYs' ? Buffer.alloc(9) : Buffer.of(7, 227, 1, 1, 0, 0, 0)),
    ),
    ...(at > 0 ? [chunk('IDAT', data.subarray(0, at))] : []),
    chunk('IDAT', data.subarray(at)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const images: fc.Arbitrary<Image> = fc.record({
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 40 }),
  channels: fc.constantFrom(1, 3),
  filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 40, maxLength: 40 }),
  noise: fc.uint8Array({ minLength: 1, maxLength: 500 }),
  cut: fc.nat(),
  between: fc.subarray(['pHYs', 'tIME']),
});

/** What libvips makes of it, by the steps of `decodeImage`. */
const bySharp = (file: Buffer, channels: number): Promise<Buffer> =>
  sharp(file)
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();

describe('plain PNG files', () => {
  it("are libvips's pixels to the bit, whatever the filters, grey for colour too", () =>
    fc.assert(
      fc.asyncProperty(images, fc.boolean(), async (image, colour) => {
        const file = fileOf(image);
        const channels = colour ? 3 : image.channels;
        const pixels = decodePlainPng(file, { ...image, channels });
        expect(pixels && Buffer.from(pixels)).toEqual(await bySharp(file, channels));
      }),
      { numRuns: 200 },
    ));

  it('are left to libvips where one byte or more is another: never other pixels than its own', () =>
    fc.assert(
      fc.asyncProperty(images, fc.nat(), fc.integer({ min: 1, max: 255 }), async (image, place, change) => {
        const file = fileOf(image);
        file[place % file.length] = (file[place % file.length] as number) ^ change;
        const pixels = decodePlainPng(file, image);
        if (pixels) expect(Buffer.from(pixels)).toEqual(await bySharp(file, image.channels));
      }),
      { numRuns: 300 },
    ));

  it('never fail, whatever the bytes', () => {
    const [image] = fc.sample(images, 1) as [Image];
    const file = fileOf(image);
    for (let length = 0; length < file.length; length++) {
      expect(decodePlainPng(file.subarray(0, length), image)).toBeUndefined();
    }
  });

  const raw = { width: 6, height: 5, channels: 3 } as const;
  const noise = Buffer.from(Array.from({ length: 90 }, (_, i) => (i * 7919) % 256));
  const image = () => sharp(noise, { raw });
  it.each([
    ['a palette', () => image().png({ palette: true })],
    ['transparency', () => image().ensureAlpha(0.5).png()],
    ['16 bits', () => image().toColourspace('rgb16').png()],
    ['interlacing', () => image().png({ progressive: true })],
    ['a profile', () => image().withIccProfile('p3').png()],
    ['an orientation', () => image().withMetadata({ orientation: 6 }).png()],
    ['JPEG', () => image().jpeg()],
  ])('are none: %s', async (_, make) => {
    const file = await make().toBuffer();
    expect(decodePlainPng(file, raw)).toBeUndefined();
    expect(await decodeImage(file, raw, 'it')).toHaveLength(90);
  });

  it('are none: another size, colour for a grey model', async () => {
    const file = await image().png().toBuffer();
    expect(decodePlainPng(file, raw)).toEqual(new Uint8Array(noise));
    expect(decodePlainPng(file, { ...raw, width: 5, height: 6 })).toBeUndefined();
    expect(decodePlainPng(file, { ...raw, channels: 1 })).toBeUndefined();
  });

  it('are refused as any other where they have too many pixels', async () => {
    const file = await image().png().toBuffer();
    await expect(decodeImage(file, raw, 'it', 29)).rejects.toThrow(/pixel limit/);
    expect(await decodeImage(file, raw, 'it', 30)).toHaveLength(90);
  });
});
