/** A run goes on with the images that it began with. */
import { type Dataset, fingerprintOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { readConfig } from '../runs/run-folder.ts';

/** What a run keeps of its images. */
export const imagesField = (dataset: Dataset): { readonly images: string } => ({
  images: fingerprintOf(dataset),
});

/** @throws InputError where the images are others than those that the run in a folder began with */
export function requireSameImages(folder: string, dataset: Dataset): void {
  const { images } = readConfig(folder);
  // Runs of older versions do not say.
  if (images === undefined || images === fingerprintOf(dataset)) return;
  throw new InputError(
    `the images of ${dataset.name} are not those that the run in ${folder} began with (some were added, removed or changed): ` +
      'put them back, or start a new run in another --out',
  );
}
