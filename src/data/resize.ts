/** Another image size for data sets whose pixels are already in memory. */
import { availableParallelism } from 'node:os';
import { concurrently } from './concurrently.ts';
import type { Dataset, ImageShape, Split } from './dataset.ts';
import { resizing } from './image.ts';
import { allocateImages } from './reading.ts';
import { loadSharp } from './sharp.ts';

/** The data set with images of size × size pixels (see `resizing`); the same one where they have this size already. */
export async function resizeDataset(dataset: Dataset, size: number): Promise<Dataset> {
  const { shape } = dataset;
  if (shape.height === size && shape.width === size) return dataset;
  return {
    ...dataset,
    shape: { channels: shape.channels, height: size, width: size },
    train: await resizeSplit(dataset.train, shape, size),
    test: await resizeSplit(dataset.test, shape, size),
  };
}

async function resizeSplit(split: Split, shape: ImageShape, size: number): Promise<Split> {
  const sharp = await loadSharp();
  const { height, width } = shape;
  const plane = height * width;
  const images = allocateImages(split.count, { ...shape, height: size, width: size });
  // Each channel by itself: planes are what lies in memory.
  const planes = Array.from({ length: split.count * shape.channels }, (_, i) => i);
  await concurrently(planes, availableParallelism(), async (index) => {
    const pixels = split.images.subarray(index * plane, (index + 1) * plane);
    const resized = await sharp(pixels, { raw: { width, height, channels: 1 } })
      .resize(size, size, resizing)
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    images.set(resized, index * size * size);
  });
  return { ...split, images };
}
