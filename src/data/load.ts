/** Finds out what kind of data set a name or folder is, reads, checks and prepares it. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { isWhole } from '../objects.ts';
import { type CifarVersion, cifar10, cifar100, readCifarFolder } from './cifar.ts';
import type { Dataset, Split } from './dataset.ts';
import { readEmbedded, readFashionMnist } from './fashion-mnist.ts';
import { readImageFolder } from './folder.ts';
import { isIdxName, readIdxFolder } from './idx-folder.ts';
import { imageFormatNames } from './image-formats.ts';
import { type Listing, list } from './listing.ts';
import type { LoadOptions } from './load-options.ts';
import { checked, type Reading } from './reading.ts';
import { resizeDataset } from './resize.ts';
import { firstOfEachClass, selectImages } from './select.ts';

/** The data sets that have a name. */
const named: ReadonlyMap<string, () => Promise<Reading>> = new Map([
  ['embedded', () => readEmbedded()],
  ['fashion-mnist', () => readFashionMnist()],
]);

/** The names that `loadDataset` takes besides folders; the first is the default everywhere. */
export const datasetNames: readonly string[] = [...named.keys()];

interface Kind {
  /** What a folder of this kind holds, for error messages. */
  readonly expects: string;
  detects(listing: Listing): boolean;
  read(folder: string, options: LoadOptions): Promise<Reading>;
}

const cifarKind = (name: string, version: CifarVersion): Kind => ({
  expects: `${name}, binary version: ${[...version.train, ...version.test, version.classes].join(', ')}`,
  detects: ({ files }) => [...version.train, ...version.test].some((file) => files.includes(file)),
  read: (folder) => readCifarFolder(folder, version),
});

/** The kinds of folders; the first that detects itself reads. */
const kinds: readonly Kind[] = [
  {
    expects:
      'IDX (MNIST, Fashion-MNIST): {train,t10k}-images-idx3-ubyte[.gz], {train,t10k}-labels-idx1-ubyte[.gz]',
    detects: ({ files }) => files.some(isIdxName),
    read: (folder) => readIdxFolder(folder),
  },
  cifarKind('CIFAR-10', cifar10),
  cifarKind('CIFAR-100', cifar100),
  {
    expects: `images: one folder of ${imageFormatNames} files a class, directly or in train/ and test/ (or val/, valid/, validation/)`,
    detects: ({ folders }) => folders.length > 0,
    read: readImageFolder,
  },
];

/**
 * Loads a data set: `embedded` (12,000 images of Fashion-MNIST, in the package), `fashion-mnist` (the whole,
 * from Debian's package), or a folder whose content tells its kind.
 *
 * @throws InputError when there is no such data set, a file is damaged, or an option is out of range
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions = {}): Promise<Dataset> {
  requirePositive('--image-size', options.imageSize);
  requirePositive('limit of training images', options.limit?.train);
  requirePositive('limit of test images', options.limit?.test);
  const read = named.get(nameOrPath) ?? (await readerOf(nameOrPath, options));
  const dataset = checked(await read());
  const used = {
    ...dataset,
    train: limited(dataset.train, options.limit?.train),
    test: limited(dataset.test, options.limit?.test),
  };
  return options.imageSize === undefined ? used : resizeDataset(used, options.imageSize);
}

async function readerOf(path: string, options: LoadOptions): Promise<() => Promise<Reading>> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new InputError(
      `${path}: expected the name of a data set (${datasetNames.join(', ')}) or a folder, found ` +
        `${found === undefined ? 'neither' : 'a file'}.`,
    );
  }
  const listing = await list(folder);
  const kind = kinds.find((candidate) => candidate.detects(listing));
  if (kind === undefined) {
    const expected = kinds.map(({ expects }) => `\n  - ${expects}`).join('');
    throw new InputError(`${path}: no data set found. A folder may hold one of:${expected}`);
  }
  return () => kind.read(folder, options);
}

const limited = (split: Split, count = split.count): Split =>
  count >= split.count ? split : selectImages(split, firstOfEachClass(split.labels, count));

function requirePositive(what: string, value: number | undefined): void {
  if (value === undefined || isWhole(value, 1)) return;
  throw new InputError(`${what}: expected a positive integer, found ${value}.`);
}
