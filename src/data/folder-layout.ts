/** Finds the images of a data set that is a folder of folders. */
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { imageFormatNames, imageMediaType } from './image-formats.ts';
import { list } from './listing.ts';
import { holdOutFifth } from './select.ts';

/** An image file and its class. */
export interface LabelledFile {
  readonly file: string;
  readonly label: number;
}

/** The image files of a data set, by class and file name. */
export interface FolderLayout {
  readonly classes: readonly string[];
  readonly train: readonly LabelledFile[];
  readonly test: readonly LabelledFile[];
}

const testNames = ['test', 'val'];

/**
 * Finds the images: either in `train/` and `test/` (else `val/`), each with one folder a class, or in one folder a
 * class directly, of which a stratified random fifth becomes the test set (see `holdOutFifth`). The class names
 * are the folders' names, sorted.
 *
 * @throws InputError when a class has no image to train on, a test class is unknown, or an image file is of another
 * format than {@link imageFormats}
 */
export async function findImages(folder: string, seed: number): Promise<FolderLayout> {
  const { folders } = await list(folder);
  const test = testNames.find((name) => folders.includes(name));
  return folders.includes('train') && test !== undefined
    ? separate(join(folder, 'train'), join(folder, test))
    : together(folder, seed);
}

async function separate(trainFolder: string, testFolder: string): Promise<FolderLayout> {
  const train = await filesByClass(trainFolder);
  const test = await filesByClass(testFolder);
  const classes = [...train.keys()];
  const unknown = [...test.keys()].find((name) => !train.has(name));
  if (unknown !== undefined) {
    throw new InputError(
      `${join(testFolder, unknown)}: expected one of the classes in ${trainFolder} (${classes.join(', ')}), found '${unknown}'.`,
    );
  }
  requireImages(trainFolder, train);
  return { classes, train: labelled(train, classes), test: labelled(test, classes) };
}

async function together(folder: string, seed: number): Promise<FolderLayout> {
  const files = await filesByClass(folder);
  requireImages(folder, files);
  const parts = [...files].map(([name, members]) => ({ name, ...holdOutFifth(members, name, seed) }));
  const classes = [...files.keys()];
  return {
    classes,
    train: labelled(new Map(parts.map(({ name, train }) => [name, train])), classes),
    test: labelled(new Map(parts.map(({ name, test }) => [name, test])), classes),
  };
}

type FilesByClass = ReadonlyMap<string, readonly string[]>;

async function filesByClass(folder: string): Promise<FilesByClass> {
  const { folders } = await list(folder);
  const entries = folders.map(async (name) => [name, await imageFiles(join(folder, name))] as const);
  return new Map(await Promise.all(entries));
}

// Left out silently they would bias the data set.
const unreadable = /\.(avif|bmp|gif|heic|heif|jp2|jxl|tiff?)$/i;

async function imageFiles(folder: string): Promise<string[]> {
  const { files, folders } = await list(folder);
  const [inner] = folders;
  if (inner !== undefined) {
    throw new InputError(
      `${join(folder, inner)}: expected images in the folder of a class, found a folder. Move its images up, or move it away.`,
    );
  }
  const foreign = files.find((name) => unreadable.test(name));
  if (foreign !== undefined) {
    throw new InputError(
      `${join(folder, foreign)}: expected a ${imageFormatNames} image. Convert it or move it away.`,
    );
  }
  return files.filter((name) => imageMediaType(name) !== undefined).map((name) => join(folder, name));
}

function requireImages(folder: string, files: FilesByClass): void {
  const empty = [...files].find(([, members]) => members.length === 0);
  if (empty === undefined) return;
  throw new InputError(
    `${join(folder, empty[0])}: expected ${imageFormatNames} images of the class '${empty[0]}', found none. The layouts are` +
      ' <class>/<image>, or train/<class>/<image> together with test/<class>/<image> (or val/).',
  );
}

const labelled = (files: FilesByClass, classes: readonly string[]): LabelledFile[] =>
  classes.flatMap((name, label) => (files.get(name) ?? []).map((file) => ({ file, label })));
