/** The reader of a folder with the four IDX files of MNIST, Fashion-MNIST and their kin. */
import { basename, join } from 'node:path';
import { readLines } from './content.ts';
import type { ImageShape, Split } from './dataset.ts';
import { headerLength, readIdx } from './idx.ts';
import { list } from './listing.ts';
import { malformed } from './malformed.ts';
import type { Origin, Reading } from './reading.ts';

const fileName = /^(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$/;

/** Whether a file is one of the four of a data set in IDX format, e.g. `train-images-idx3-ubyte.gz`. */
export const isIdxName = (name: string): boolean => fileName.test(name);

/**
 * Reads a folder with the four files of MNIST and Fashion-MNIST: {train,t10k}-{images-idx3,labels-idx1}-ubyte,
 * with `-` or `.` before `idx`, plain or with `.gz` (the plain file is preferred).
 *
 * The format has no class names: they are `classes`, else the lines of the folder's `classes.txt`, else the
 * numbers from 0 to the largest training label.
 *
 * @throws InputError when a file is missing or damaged, or the splits hold images of different sizes
 */
export async function readIdxFolder(folder: string, classes?: readonly string[]): Promise<Reading> {
  const { files: entries } = await list(folder);
  const train = await readSplit(folder, entries, 'train');
  const test = await readSplit(folder, entries, 't10k');
  const { height, width } = train.shape;
  if (height !== test.shape.height || width !== test.shape.width) {
    const found = `${test.shape.width}×${test.shape.height}`;
    throw malformed(
      { file: test.imageFile, offset: 8 },
      `images of ${width}×${height} as in ${train.imageFile}`,
      found,
    );
  }
  const names =
    classes ?? (entries.includes('classes.txt') ? await readLines(join(folder, 'classes.txt')) : undefined);
  return {
    dataset: {
      name: basename(folder),
      classes: names ?? numbersUpTo(train.split.labels),
      shape: train.shape,
      train: train.split,
      test: test.split,
    },
    origins: { train: train.origin, test: test.origin },
  };
}

interface SplitReading {
  readonly split: Split;
  readonly shape: ImageShape;
  readonly origin: Origin;
  readonly imageFile: string;
}

async function readSplit(
  folder: string,
  entries: readonly string[],
  name: 'train' | 't10k',
): Promise<SplitReading> {
  const imageFile = find(folder, entries, `${name}-images`, 3);
  const labelFile = find(folder, entries, `${name}-labels`, 1);
  const images = await readIdx(imageFile, ['images', 'rows', 'columns']);
  const labels = await readIdx(labelFile, ['labels']);
  const [count, height, width] = images.sizes as [number, number, number];
  return {
    split: { count, images: images.elements, labels: Uint16Array.from(labels.elements) },
    shape: { channels: 1, height, width },
    origin: {
      labels: { file: labelFile, offset: 4 },
      label: (index) => ({ file: labelFile, offset: headerLength(1) + index }),
    },
    imageFile,
  };
}

function find(folder: string, entries: readonly string[], stem: string, dimensions: number): string {
  const names = ['', '.gz'].flatMap((gz) =>
    ['-', '.'].map((mark) => `${stem}${mark}idx${dimensions}-ubyte${gz}`),
  );
  const found = names.find((name) => entries.includes(name));
  if (found === undefined) throw malformed({ file: folder }, `a file ${names.join(' or ')}`, 'none');
  return join(folder, found);
}

const numbersUpTo = (labels: Uint16Array): string[] =>
  Array.from({ length: labels.reduce((most, label) => Math.max(most, label), 0) + 1 }, (_, i) => String(i));
