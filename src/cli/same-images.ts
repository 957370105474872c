/** A run goes on with the images that it began with. */
import { type Dataset, fingerprintOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { readConfig } from '../runs/run-folder.ts';
import { say } from './output.ts';

/** What a run keeps of its images. */
export const imagesField = (dataset: Dataset): { readonly images: string } => ({
  images: fingerprintOf(dataset),
});

const areOthers = (folder: string, dataset: Dataset): boolean => {
  const { images } = readConfig(folder);
  // Runs of older versions do not say.
  return images !== undefined && images !== fingerprintOf(dataset);
};

/** Says so where the images are others than those that a network was trained on, and is measured on as if they were not. */
export function sayIfOthers(folder: string, dataset: Dataset): void {
  if (!areOthers(folder, dataset)) return;
  say(
    `the images of ${dataset.name} are not those of the training in ${folder} (some were added, removed or changed): ` +
      'test images may be among those that it was trained on',
  );
}

/** @throws InputError where the images are others than those that the run in a folder began with */
export function requireSameImages(folder: string, dataset: Dataset): void {
  if (!areOthers(folder, dataset)) return;
  throw new InputError(
    `the images of ${dataset.name} are not those that the run in ${folder} began with (some were added, removed or changed): ` +
      'put them back, or start a new run in another --out',
  );
}
