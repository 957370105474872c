/** The reader of a folder of images with one sub-folder a class. */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { InputError } from '../errors.ts';
import { concurrently } from './concurrently.ts';
import { readBytes } from './content.ts';
import { type ImageShape, pixelsOf, type Split } from './dataset.ts';
import { findImages, type LabelledFile } from './folder-layout.ts';
import { decodeImage, probeImage } from './image.ts';
import type { LoadOptions } from './load-options.ts';
import { allocateImages, type Origin, type Reading } from './reading.ts';
import { firstOfEachClass } from './select.ts';

/**
 * Reads a folder of images (see `findImages` for the layouts). The images stay grey, with 1 channel, where all of
 * them are stored so; else all become RGB; unless `channels` says which. They must be of one size unless `imageSize` is given.
 *
 * @throws InputError when the layout is wrong, an image is damaged, or the images differ in size
 */
export async function readImageFolder(folder: string, options: LoadOptions = {}): Promise<Reading> {
  const { imageSize, channels, seed = 0, limit = {} } = options;
  const layout = await findImages(folder, seed);
  // Limited before decoding: what is left out costs nothing.
  const train = limited(layout.train, limit.train);
  const test = limited(layout.test, limit.test);
  const shape = await commonShape([...train, ...test], imageSize, channels);
  return {
    dataset: {
      name: basename(folder),
      classes: layout.classes,
      shape,
      train: await decode(train, shape),
      test: await decode(test, shape),
    },
    origins: { train: originOf(folder, train), test: originOf(folder, test) },
  };
}

const limited = (files: readonly LabelledFile[], count = files.length): LabelledFile[] =>
  Array.from(
    firstOfEachClass(
      files.map(({ label }) => label),
      count,
    ),
    (i) => files[i] as LabelledFile,
  );

const originOf = (folder: string, files: readonly LabelledFile[]): Origin => ({
  labels: { file: folder },
  label: (index) => ({ file: files[index]?.file ?? folder }),
});

async function commonShape(
  files: readonly LabelledFile[],
  imageSize: number | undefined,
  wanted: 1 | 3 | undefined,
): Promise<ImageShape> {
  const shapes = await concurrently(files, availableParallelism(), async ({ file }) =>
    probeImage(await readBytes(file), file),
  );
  const channels = wanted ?? (shapes.every((shape) => shape.channels === 1) ? 1 : 3);
  if (imageSize !== undefined) return { channels, height: imageSize, width: imageSize };
  const [first] = shapes;
  if (first === undefined) return { channels, height: 1, width: 1 };
  const { height, width } = first;
  const other = shapes.findIndex((shape) => shape.height !== height || shape.width !== width);
  if (other >= 0) {
    const sizeOf = (i: number): string => `${files[i]?.file} is ${shapes[i]?.width}×${shapes[i]?.height}`;
    throw new InputError(
      `Expected images of one size: ${sizeOf(0)}, ${sizeOf(other)} pixels. Give --image-size to bring all to one size.`,
    );
  }
  return { channels, height, width };
}

async function decode(files: readonly LabelledFile[], shape: ImageShape): Promise<Split> {
  const images = allocateImages(files.length, shape);
  await concurrently(files, availableParallelism(), async ({ file }, index) => {
    images.set(await decodeImage(await readBytes(file), shape, file), index * pixelsOf(shape));
  });
  return { count: files.length, images, labels: Uint16Array.from(files, ({ label }) => label) };
}
