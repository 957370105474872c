/**
 * Writes models/fashion-mnist/1/samples, the images that the server's page offers to try the shipped model on: the first
 * of each class in the embedded test images, whether the model knows it or not.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { readEmbedded } from '../src/data/fashion-mnist.ts';
import { checked } from '../src/data/reading.ts';
import { firstOfEachClass, selectImages } from '../src/data/select.ts';

const target = 'models/fashion-mnist/1/samples';
const { classes, shape, test } = checked(await readEmbedded());
const samples = selectImages(test, firstOfEachClass(test.labels, classes.length));
const size = shape.height * shape.width;
const raw = { width: shape.width, height: shape.height, channels: 1 } as const;

await mkdir(target, { recursive: true });
for (const [i, label] of samples.labels.entries()) {
  const name = (classes[label] as string).toLowerCase().replaceAll(/[^a-z]+/g, '-');
  const pixels = samples.images.subarray(i * size, (i + 1) * size);
  await writeFile(
    join(target, `${name}.png`),
    await sharp(pixels, { raw }).toColourspace('b-w').png({ compressionLevel: 9 }).toBuffer(),
  );
}
