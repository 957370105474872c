/** Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv 1708.07747; MIT licence): the shipped subset and the whole. */
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';
import { isIdxName, readIdxFolder } from './idx-folder.ts';
import { list } from './listing.ts';
import type { Reading } from './reading.ts';

/** The names of the labels 0 … 9. */
const fashionMnistClasses: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** Where Debian's package dataset-fashion-mnist puts the four files. */
export const debianFolder = '/usr/share/datasets/fashion-mnist';

/** The shipped subset; the path is the same from src/data and from dist/data. */
export const embeddedFolder = fileURLToPath(new URL('../../data/fashion-mnist-subset', import.meta.url));

/** Reads the shipped subset: 10,000 training and 2,000 test images, the same number of each class. */
export const readEmbedded = (): Promise<Reading> => readIdxFolder(embeddedFolder, fashionMnistClasses);

/**
 * Reads the whole of Fashion-MNIST: 60,000 training and 10,000 test images.
 *
 * @param folder where the four files are; by default where Debian's package puts them
 * @throws InputError that says how to get the files when they are not there
 */
export async function readFashionMnist(folder = debianFolder): Promise<Reading> {
  if (!(await holdsIdxFiles(folder))) {
    throw new InputError(
      `fashion-mnist: expected the four IDX files of Fashion-MNIST in ${folder}, found none.` +
        ' Install them with: apt-get install dataset-fashion-mnist' +
        ' – or download the four files from https://github.com/zalandoresearch/fashion-mnist' +
        ' and give their folder instead of the name.',
    );
  }
  return readIdxFolder(folder, fashionMnistClasses);
}

async function holdsIdxFiles(folder: string): Promise<boolean> {
  try {
    return (await list(folder)).files.some(isIdxName);
  } catch {
    return false;
  }
}
