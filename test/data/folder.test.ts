import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/image.ts';
import { loadDataset } from '../../src/data/load.ts';
import { bytesOf, damages, expectSoundOrRefused, folderWith, inputErrorOf, write } from './support.ts';

/** A PNG of 4×3 pixels by default, its pixels those of `bytesOf(…, seed)`. */
const png = (channels: 1 | 2 | 3 | 4, seed = 1, width = 4, height = 3): Promise<Buffer> =>
  sharp(bytesOf(width * height * channels, seed), { raw: { width, height, channels } })
    .toColourspace(channels <= 2 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();

/** `count` images of each class, with the name and seed 0, 1, 2, … */
async function classesOf(
  names: readonly string[],
  count: number,
  channels: 1 | 3 = 1,
): Promise<Record<string, Buffer>> {
  const files = names.flatMap((name) =>
    Array.from({ length: count }, async (_, i) => [`${name}/${i}.png`, await png(channels, i)] as const),
  );
  return Object.fromEntries(await Promise.all(files));
}

describe('a folder of images', () => {
  it('has its splits in train/ and test/, with sorted classes', async () => {
    const folder = await folderWith({
      ...(await classesOf(['train/owl', 'train/cat', 'train/dog'], 3)),
      ...(await classesOf(['test/owl', 'test/cat'], 1)),
      'train/.hidden/0.png': 'hidden',
      'train/owl/.DS_Store': 'hidden',
      'train/owl/notes.txt': 'no image',
    });
    const dataset = await loadDataset(folder);
    expect(dataset.classes).toEqual(['cat', 'dog', 'owl']);
    expect(dataset.shape).toEqual({ channels: 1, height: 3, width: 4 });
    expect([...dataset.train.labels]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expect([...dataset.test.labels]).toEqual([0, 2]);
    expect([...dataset.train.images.subarray(12, 24)]).toEqual([...bytesOf(12, 1)]);
  });

  it.each([
    ['train', 'val'],
    ['train', 'valid'],
    ['Train', 'Test'],
    ['TRAIN', 'Validation'],
  ])('may call its images %s/ and %s/', async (train, test) => {
    const files = {
      ...(await classesOf([`${train}/a`, `${train}/b`], 2)),
      ...(await classesOf([`${test}/a`], 1)),
    };
    expect((await loadDataset(await folderWith(files))).test.count).toBe(1);
  });

  it('may hold what archives and disk stations leave, and JPEGs under their rarer names', async () => {
    const files = { ...(await classesOf(['a', 'b'], 5)), '__MACOSX/a/x.png': '', '@eaDir/x.png': '' };
    const folder = await folderWith(files);
    const jpeg = await sharp({ create: { width: 4, height: 3, channels: 3, background: 'black' } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    for (const name of ['x.jfif', 'y.JPE']) await writeFile(join(folder, 'a', name), jpeg);
    const { classes, train, test } = await loadDataset(folder);
    expect([classes, train.count + test.count]).toEqual([['a', 'b'], 12]);
  });

  it('may have a class called train', async () => {
    const dataset = await loadDataset(await folderWith(await classesOf(['bus', 'train'], 5)));
    expect(dataset.classes).toEqual(['bus', 'train']);
  });

  it('has the channels that are wanted, whatever they are stored with', async () => {
    const folder = await folderWith(await classesOf(['a', 'b'], 5));
    const [grey, colour] = [await loadDataset(folder), await loadDataset(folder, { channels: 3 })];
    expect([grey.shape.channels, colour.shape.channels]).toEqual([1, 3]);
    const plane = grey.train.images.subarray(0, 12);
    expect([...colour.train.images.subarray(0, 36)]).toEqual([...plane, ...plane, ...plane]);
  });

  it('names a link that leads nowhere', async () => {
    const folder = await folderWith(await classesOf(['a', 'b'], 2));
    await symlink('nowhere', join(folder, 'a', 'link.png'));
    const message = await inputErrorOf(loadDataset(folder));
    expect(message).toMatch(/a: cannot be read: link\.png is a link to what cannot be read: ENOENT/);
  });

  it('follows symbolic links', async () => {
    const images = await folderWith(await classesOf(['a', 'b'], 5));
    const folder = await folderWith({});
    for (const name of ['a', 'b']) await symlink(join(images, name), join(folder, name));
    expect((await loadDataset(folder)).train.count).toBe(8);
  });

  it('without a test folder holds out a stratified fifth, determined by the seed', async () => {
    const folder = await folderWith(await classesOf(['a', 'b', 'c'], 10));
    const dataset = await loadDataset(folder);
    expect([...dataset.train.labels]).toEqual([0, 1, 2].flatMap((label) => Array<number>(8).fill(label)));
    expect([...dataset.test.labels]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(await loadDataset(folder)).toEqual(dataset);
    expect((await loadDataset(folder, { seed: 1 })).test).not.toEqual(dataset.test);
    // Images 0 … 9 are recognised by their first pixel: each is in one of the splits.
    const firstPixels = [
      ...[0, 1].map((i) => dataset.test.images[i * 12]),
      ...Array.from({ length: 8 }, (_, i) => dataset.train.images[i * 12]),
    ];
    expect(new Set(firstPixels)).toEqual(new Set(Array.from({ length: 10 }, (_, i) => bytesOf(1, i)[0])));
  });

  it('becomes RGB when one image is', async () => {
    const files = { ...(await classesOf(['a', 'b'], 5)), 'b/9.png': await png(3) };
    const dataset = await loadDataset(await folderWith(files));
    expect(dataset.shape.channels).toBe(3);
    const [red, green, blue] = [0, 12, 24].map((i) => [...dataset.train.images.subarray(i, i + 12)]);
    expect(green).toEqual(red);
    expect(blue).toEqual(red);
  });

  it('is brought to one size on request', async () => {
    const files = { ...(await classesOf(['a', 'b'], 5)), 'b/9.png': await png(1, 1, 40, 30) };
    const folder = await folderWith(files);
    const message = await inputErrorOf(loadDataset(folder));
    expect(message).toMatch(/a\/\d\.png is 4×3, .*b\/9\.png is 40×30 pixels\. Give --image-size/);
    const dataset = await loadDataset(folder, { imageSize: 8 });
    expect(dataset.shape).toEqual({ channels: 1, height: 8, width: 8 });
  });

  it('is limited before it is decoded', async () => {
    const files = { ...(await classesOf(['a', 'b'], 10)), 'b/99.png': 'damaged' };
    const dataset = await loadDataset(await folderWith(files), { limit: { train: 5, test: 2 }, seed: 3 });
    expect([...dataset.train.labels]).toEqual([0, 0, 0, 1, 1]);
    expect([...dataset.test.labels]).toEqual([0, 1]);
  });

  const image = png(1);
  const faults: Readonly<
    Record<string, readonly [files: () => Promise<Record<string, Uint8Array | string>>, message: RegExp]>
  > = {
    'an image that is none': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'b/9.png': 'text' }),
      /b\/9\.png: cannot be read as a PNG, JPEG or WebP image: /,
    ],
    'an empty image': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'b/9.png': '' }),
      /b\/9\.png: cannot be read as a PNG, JPEG or WebP image: /,
    ],
    'a truncated image': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'b/9.png': (await image).subarray(0, 50) }),
      /b\/9\.png: cannot be read as a PNG, JPEG or WebP image: /,
    ],
    'another format under the name of a PNG': [
      async () => ({
        ...(await classesOf(['a', 'b'], 2)),
        'b/9.png': '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>',
      }),
      /b\/9\.png: .* it is of another format/,
    ],
    'another format': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'b/9.avif': 'text' }),
      /b\/9\.avif: expected a PNG, JPEG or WebP image\. Convert it/,
    ],
    'an empty class': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'c/notes.txt': '' }),
      /\/c: expected PNG, JPEG or WebP images of the class 'c', found none\. The layouts are/,
    ],
    'a folder in the folder of a class': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), ...(await classesOf(['b/2021'], 1)) }),
      /b\/2021: expected images in the folder of a class, found a folder\. Move its images up/,
    ],
    'images to train on alone': [
      async () => ({ ...(await classesOf(['train/a', 'train/b'], 2)), ...(await classesOf(['extra'], 1)) }),
      /: found train\/ and no test\/ \(or val\/, valid\/, validation\/\) beside it\. .* or give .*train alone/,
    ],
    'test images alone': [
      () => classesOf(['Valid/a', 'Valid/b'], 2),
      /: found Valid\/ and no train\/ beside it\. /,
    ],
    'a format that is left out': [
      async () => ({ ...(await classesOf(['a', 'b'], 2)), 'a/x.ppm': '' }),
      /a\/x\.ppm: expected a PNG, JPEG or WebP image\. Convert it/,
    ],
    'an unknown test class': [
      async () => ({ ...(await classesOf(['train/a', 'train/b'], 2)), ...(await classesOf(['test/c'], 1)) }),
      /test\/c: expected one of the classes in .*train \(a, b\), found 'c'/,
    ],
    'no test images': [
      async () => ({ ...(await classesOf(['train/a', 'train/b'], 2)), 'test/a/notes.txt': '' }),
      /: expected at least one test image, found none/,
    ],
    'one class': [() => classesOf(['a'], 5), /expected at least 2 classes, found 1 class name/],
    'too large an image': [
      async () => ({
        ...(await classesOf(['a', 'b'], 2)),
        'b/9.png': await sharp({ create: { width: 16384, height: 4097, channels: 3, background: 'black' } })
          .png()
          .toBuffer(),
      }),
      /b\/9\.png: .*exceeds the pixel limit of 67108864; make it smaller/,
    ],
  };
  it.each(Object.entries(faults))('is refused with %s', async (_, [files, message]) => {
    expect(await inputErrorOf(loadDataset(await folderWith(await files())))).toMatch(message);
  });

  it('is refused with a pipe, from which nothing may ever come', async () => {
    const folder = await folderWith(await classesOf(['a', 'b'], 2));
    execFileSync('mkfifo', [join(folder, 'b', 'pipe.png')]);
    expect(await inputErrorOf(loadDataset(folder))).toMatch(
      /b: cannot be read: pipe\.png is a pipe, a socket or a device/,
    );
  });

  it('is read or refused, never more, when damaged', async () => {
    const folder = await folderWith(await classesOf(['a', 'b'], 3));
    const picture = sharp(await png(3));
    const others = await Promise.all([picture.clone().jpeg().toBuffer(), picture.clone().webp().toBuffer()]);
    const originals = [await png(1), await png(3), await png(4), ...others];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), damages, async (original, damage) => {
        await write(folder, { 'a/0.png': damage(original) });
        await expectSoundOrRefused(loadDataset(folder));
      }),
      { numRuns: 150 },
    );
  });

  it('is refused when empty', async () => {
    const folder = await folderWith({});
    await mkdir(join(folder, '.git'));
    expect(await inputErrorOf(loadDataset(folder))).toContain('no data set found');
  });
});

describe('decodeImage', () => {
  const shape = (channels: 1 | 3) => ({ channels, height: 3, width: 4 });

  it.each([1, 3] as const)('keeps the pixels of %i channels, as planes', async (channels) => {
    const pixels = bytesOf(12 * channels);
    const planes = Array.from(
      { length: 12 * channels },
      (_, i) => pixels[(i % 12) * channels + Math.floor(i / 12)],
    );
    expect([...(await decodeImage(await png(channels), shape(channels), 'image'))]).toEqual(planes);
  });

  it('lays transparency on white', async () => {
    const clear = await sharp(new Uint8Array(48), { raw: { width: 4, height: 3, channels: 4 } })
      .png()
      .toBuffer();
    expect(new Set(await decodeImage(clear, shape(3), 'image'))).toEqual(new Set([255]));
    expect(new Set(await decodeImage(clear, shape(1), 'image'))).toEqual(new Set([255]));
  });

  it('turns an image as its EXIF orientation says', async () => {
    const upright = await sharp(bytesOf(12), { raw: { width: 3, height: 4, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const turned = await sharp(upright).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const size = { channels: 1, height: 4, width: 3 };
    expect([...(await decodeImage(turned, size, 'image'))]).toEqual([...bytesOf(12)]);
  });

  it('brings 16 bits to 8', async () => {
    const deep = await sharp(await png(1))
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect([...(await decodeImage(deep, shape(1), 'image'))]).toEqual([...bytesOf(12)]);
  });
});
