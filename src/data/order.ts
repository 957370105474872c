/** Which images a step sees: random epoch orders and the two halves of DARTS's search. */
import { InputError } from '../errors.ts';
import type { Random } from '../random.ts';
import { counted } from './malformed.ts';

/**
 * The batches of one epoch: all images once, in random order.
 *
 * @param images how many images there are (their indices are 0 … images − 1), or the indices themselves
 * @param batchSize images a batch, at least 1
 * @param options `dropLast` leaves out a last batch that is not full
 * @throws InputError when `dropLast` would leave no batch at all
 */
export function epochBatches(
  images: number | Int32Array,
  batchSize: number,
  random: Random,
  { dropLast }: { readonly dropLast: boolean },
): Int32Array[] {
  const count = typeof images === 'number' ? images : images.length;
  if (dropLast && count < batchSize) {
    throw new InputError(
      `expected at least one batch of ${counted(batchSize, 'image')}, found ${counted(count, 'image')}. Choose a smaller batch size.`,
    );
  }
  const permutation = random.permutation(count);
  const order = typeof images === 'number' ? permutation : permutation.map((i) => images[i] as number);
  const batches = dropLast ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  return Array.from({ length: batches }, (_, i) => order.slice(i * batchSize, (i + 1) * batchSize));
}

/** The training images that the weights learn from and those that α learns from: ascending, disjoint, all images. */
export interface Halves {
  readonly weights: Int32Array;
  readonly alpha: Int32Array;
}

/**
 * Splits the training images at random into a part for the weights and one for α (DARTS: `train_portion`, 0.5).
 *
 * @param count how many images there are
 * @param fraction of the images for the weights, rounded down to whole images
 * @throws InputError when either part would be empty
 */
export function halves(count: number, fraction: number, random: Random): Halves {
  const middle = Math.floor(count * fraction);
  if (!(middle > 0 && middle < count)) {
    throw new InputError(
      `a training portion of ${fraction}: expected images for both the weights and α, found ${middle} of ${count} for the weights.`,
    );
  }
  const order = random.permutation(count);
  return { weights: order.slice(0, middle).sort(), alpha: order.slice(middle).sort() };
}
