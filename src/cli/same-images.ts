/** A run goes on with the images that it began with. */
import { type Dataset, fingerprintOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { readConfig, writeConfig } from '../runs/run-folder.ts';
import { deviceOptionNames } from './options.ts';
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

/**
 * The options that a run may be resumed with as it has not had them: where it is computed and, as it knows its images,
 * where those lie.
 */
export const changeableNames = (folder: string): readonly ('data' | (typeof deviceOptionNames)[number])[] =>
  readConfig(folder).images === undefined ? deviceOptionNames : ['data', ...deviceOptionNames];

/** Says so where the images are others than those that a network was trained on, and is measured on as if they were not. */
export function sayIfOthers(folder: string, dataset: Dataset): void {
  if (!areOthers(folder, dataset)) return;
  say(
    `the images of ${dataset.name} are not those of the training in ${folder} (some were added, removed or changed): ` +
      'test images may be among those that it was trained on',
  );
}

/**
 * Takes the images that a run goes on with; where they lie now is kept in its folder.
 *
 * @throws InputError where they are others than those that it began with
 */
export function resumeImages(folder: string, dataset: Dataset, data: string): void {
  if (areOthers(folder, dataset)) {
    throw new InputError(
      `the images of ${dataset.name} are not those that the run in ${folder} began with (some were added, removed or changed): ` +
        'put them back, or start a new run in another --out',
    );
  }
  const config = readConfig(folder);
  const options = Object(config.options);
  if (options.data !== data) writeConfig(folder, { ...config, options: { ...options, data } });
}
