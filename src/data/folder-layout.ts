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

/** What the folder of the test images may be called, in any case; the first that is there. */
const testNames = ['test', 'val', 'valid', 'validation'];

/**
 * Finds the images: either in `train/` and `test/` (else another of {@link testNames}), each with one folder a class, or in
 * one folder a class directly, of which a stratified random fifth becomes the test set (see `holdOutFifth`). The class names
 * are the folders' names, sorted.
 *
 * @throws InputError when a class has no image to train on, a test class is unknown, or an image file is of another
 * format than {@link imageFormats}
 */
export async function findImages(folder: string, seed: number): Promise<FolderLayout> {
  const { folders } = await list(folder);
  const called = (wanted: string): string | undefined =>
    folders.find((name) => name.toLowerCase() === wanted);
  const train = called('train');
  const [test] = testNames.flatMap((name) => called(name) ?? []);
  if (train !== undefined && test !== undefined) return separate(join(folder, train), join(folder, test));
  const half = train ?? test;
  // A class may be called so, too: its folder holds images.
  if (half !== undefined) await requireClass(folder, half);
  return together(folder, seed);
}

/** @throws InputError where a folder is half of a data set and not a class */
async function requireClass(folder: string, half: string): Promise<void> {
  const path = join(folder, half);
  if ((await list(path)).folders.length === 0) return;
  const [first, ...others] = testNames.map((name) => `${name}/`);
  const other = half.toLowerCase() === 'train' ? `${first} (or ${others.join(', ')})` : 'train/';
  throw new InputError(
    `${folder}: found ${half}/ and no ${other} beside it. Call the folder of the other images so, or give ${path} alone: ` +
      'a fifth of its images is held out for testing.',
  );
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
const unreadable = /\.(avif|bmp|dng|gif|heic|heif|jp2|jxl|p[bgnp]m|svg|tga|tiff?)$/i;

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
      ` <class>/<image>, or train/<class>/<image> together with test/<class>/<image> (or ${testNames.slice(1).join('/, ')}/).`,
  );
}

const labelled = (files: FilesByClass, classes: readonly string[]): LabelledFile[] =>
  classes.flatMap((name, label) => (files.get(name) ?? []).map((file) => ({ file, label })));
