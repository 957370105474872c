/**
 * The binary versions of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one or
 * two label bytes and 3×32×32 pixels, red, green and blue planes in this order, row-major.
 */
import { basename, join } from 'node:path';
import { readBytes, readLines } from './content.ts';
import { type ImageShape, pixelsOf, type Split } from './dataset.ts';
import { counted, malformed, type Place } from './malformed.ts';
import type { Origin, Reading } from './reading.ts';

/** The files of one of the two data sets. */
export interface CifarVersion {
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** The file of class names, one a line. */
  readonly classes: string;
  /** Label bytes before the pixels; the last one counts (CIFAR-100: coarse, then fine). */
  readonly labelBytes: number;
}

export const cifar10: CifarVersion = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ['test_batch.bin'],
  classes: 'batches.meta.txt',
  labelBytes: 1,
};

/** CIFAR-100 with its 100 fine labels. */
export const cifar100: CifarVersion = {
  train: ['train.bin'],
  test: ['test.bin'],
  classes: 'fine_label_names.txt',
  labelBytes: 2,
};

const shape: ImageShape = { channels: 3, height: 32, width: 32 };
const pixels = pixelsOf(shape);

/**
 * Reads a folder as the archives of the binary versions unpack it. Files may hold any number of records.
 *
 * @throws InputError when a file is missing, empty or not a whole number of records
 */
export async function readCifarFolder(folder: string, version: CifarVersion): Promise<Reading> {
  const classes = await readLines(join(folder, version.classes));
  const train = await readSplit(folder, version.train, version.labelBytes);
  const test = await readSplit(folder, version.test, version.labelBytes);
  return {
    dataset: { name: basename(folder), classes, shape, train: train.split, test: test.split },
    origins: { train: train.origin, test: test.origin },
  };
}

interface Part {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly records: number;
}

async function readSplit(
  folder: string,
  names: readonly string[],
  labelBytes: number,
): Promise<{ split: Split; origin: Origin }> {
  const record = labelBytes + pixels;
  const parts = await Promise.all(names.map((name) => readPart(join(folder, name), record)));
  const count = parts.reduce((sum, part) => sum + part.records, 0);
  const images = new Uint8Array(count * pixels);
  const labels = new Uint16Array(count);
  const places: Place[] = [];
  for (const { file, bytes, records } of parts) {
    for (let i = 0; i < records; i++) {
      const start = i * record;
      const index = places.length;
      labels[index] = bytes[start + labelBytes - 1] as number;
      images.set(bytes.subarray(start + labelBytes, start + record), index * pixels);
      places.push({ file, offset: start + labelBytes - 1 });
    }
  }
  const first: Place = { file: join(folder, names[0] as string) };
  return {
    split: { count, images, labels },
    origin: { labels: first, label: (index) => places[index] ?? first },
  };
}

async function readPart(file: string, record: number): Promise<Part> {
  const bytes = await readBytes(file);
  const records = Math.floor(bytes.length / record);
  const whole = records * record;
  if (whole !== bytes.length || records === 0) {
    const found = bytes.length === 0 ? 'an empty file' : counted(bytes.length - whole, 'byte');
    throw malformed({ file, offset: whole }, `a record of ${record} bytes`, found);
  }
  return { file, bytes, records };
}
