/** Which images of a data set are used: balanced selections and a held-out test set. */
import { type Random, random } from '../random.ts';
import type { Dataset, Split } from './dataset.ts';
import { halves } from './order.ts';

/**
 * The first images of each class, `count` in total, as evenly as the classes allow; all of them where there are
 * not more. Where the classes do not divide `count`, the images that come first are taken.
 *
 * @returns ascending indices: the original order is kept
 */
export function firstOfEachClass(labels: ArrayLike<number>, count: number): Int32Array {
  const seen = new Map<number, number>();
  const ranks = Array.from(labels, (label) => {
    const rank = seen.get(label) ?? 0;
    seen.set(label, rank + 1);
    return rank;
  });
  const order = Int32Array.from(ranks.keys()).sort((a, b) => rankOf(ranks, a) - rankOf(ranks, b) || a - b);
  return order.slice(0, count).sort();
}

const rankOf = (ranks: readonly number[], index: number): number => ranks[index] as number;

/** The images with the given indices, in this order. */
export function selectImages(split: Split, indices: Int32Array): Split {
  const pixels = split.images.length / split.count;
  const images = new Uint8Array(indices.length * pixels);
  for (const [i, index] of indices.entries()) {
    images.set(split.images.subarray(index * pixels, (index + 1) * pixels), i * pixels);
  }
  return {
    count: indices.length,
    images,
    labels: Uint16Array.from(indices, (i) => split.labels[i] as number),
  };
}

/**
 * The data set to compare networks on without its test images: a random part of the training images to train on, the
 * rest in the place of the test images.
 *
 * @param fraction of the training images to train on
 * @throws InputError where either part would be empty
 */
export function holdOut(dataset: Dataset, fraction: number, generator: Random): Dataset {
  const { weights, alpha } = halves(dataset.train.count, fraction, generator);
  return {
    ...dataset,
    train: selectImages(dataset.train, weights),
    test: selectImages(dataset.train, alpha),
  };
}

/**
 * Splits the members of one class in those to train on and a random fifth to test on: of n members the nearest
 * integer to n/5, but at least one where there are two. The draw depends on the seed, the class name and n alone.
 *
 * @returns both parts in the members' order
 */
export function holdOutFifth<Member>(
  members: readonly Member[],
  className: string,
  seed: number,
): { train: Member[]; test: Member[] } {
  const held = members.length < 2 ? 0 : Math.max(1, Math.round(members.length / 5));
  const order = random(seed, 'hold-out', className).permutation(members.length);
  const test = new Set(order.subarray(0, held));
  return { train: members.filter((_, i) => !test.has(i)), test: members.filter((_, i) => test.has(i)) };
}
