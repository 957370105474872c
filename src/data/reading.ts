/** What readers return, and the one place that checks it. */
import { InputError } from '../errors.ts';
import { type Dataset, type ImageShape, pixelsOf, type Split } from './dataset.ts';
import { counted, malformed, type Place } from './malformed.ts';

/** Where a split came from, so that an error can name the place. */
export interface Origin {
  /** What states the number of labels. */
  readonly labels: Place;
  /** Where the label of an image lies. */
  label(index: number): Place;
}

/** A data set as it was read, not yet checked. */
export interface Reading {
  readonly dataset: Dataset;
  readonly origins: Readonly<Record<'train' | 'test', Origin>>;
}

/** The most bytes of pixels in one split. */
const memoryLimit = 2 ** 32;

/**
 * Room for the pixels of images.
 *
 * @throws InputError when they need more than 4 GiB
 */
export function allocateImages(count: number, shape: ImageShape): Uint8Array {
  const size = count * pixelsOf(shape);
  if (size <= memoryLimit) return new Uint8Array(size);
  throw new InputError(
    `${counted(count, 'image')} of ${shape.width}×${shape.height} pixels: expected at most ${memoryLimit} bytes in` +
      ` memory, found ${size}. Give a smaller --image-size.`,
  );
}

/**
 * The data set of a reading, found fit for use: at least two classes of different names; in either split at
 * least one image, as many labels as images, and each label an index into the class names.
 *
 * @throws InputError that names the place of the first fault
 */
export function checked({ dataset, origins }: Reading): Dataset {
  const { name, classes, shape } = dataset;
  if (classes.length < 2) {
    throw new InputError(
      `${name}: expected at least 2 classes, found ${counted(classes.length, 'class name')}.`,
    );
  }
  const repeated = classes.find((label, i) => classes.indexOf(label) !== i);
  if (repeated !== undefined) {
    throw new InputError(`${name}: expected different class names, found '${repeated}' twice.`);
  }
  checkSplit('training', dataset.train, shape, classes.length, origins.train);
  checkSplit('test', dataset.test, shape, classes.length, origins.test);
  return dataset;
}

function checkSplit(name: string, split: Split, shape: ImageShape, classes: number, origin: Origin): void {
  const { count, images, labels } = split;
  if (count === 0) throw malformed(origin.labels, `at least one ${name} image`, 'none');
  if (images.length !== count * pixelsOf(shape)) {
    throw malformed(
      origin.labels,
      `${count * pixelsOf(shape)} pixels of ${counted(count, 'image')}`,
      images.length,
    );
  }
  if (labels.length !== count) {
    throw malformed(origin.labels, `${counted(count, 'label')}, as many as images`, labels.length);
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw malformed(origin.label(wrong), `a label from 0 to ${classes - 1}`, labels[wrong] as number);
  }
}
