/** Accuracy and logits over a whole split, in batches of one size; the last one is filled up and cut off. */
import { assembleBatch, type Dataset, type Normalization, type Split } from '../data/index.ts';
import { DivergenceError } from '../errors.ts';

/** Logits of one batch of normalised images [size, channels, height, width], row-major. */
export type Classifier = (images: Float32Array) => Promise<Float32Array>;

/**
 * The logits of the first `count` images of a split, row-major [count, classes].
 *
 * @throws DivergenceError where one is no finite number: then there is no class to name
 */
export async function splitLogits(
  classify: Classifier,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
  split: Split,
  normalization: Normalization,
  batch: number,
  count = split.count,
): Promise<Float32Array> {
  const classes = dataset.classes.length;
  const logits = new Float32Array(count * classes);
  for (let begin = 0; begin < count; begin += batch) {
    const size = Math.min(batch, count - begin);
    // The engine's batch is of one size: the rest of the last one repeats an image and is not counted.
    const indices = Int32Array.from({ length: batch }, (_, i) => begin + Math.min(i, size - 1));
    const { images } = assembleBatch(split, dataset.shape, indices, { normalization });
    logits.set((await classify(images)).subarray(0, size * classes), begin * classes);
  }
  const lost = logits.findIndex((logit) => !Number.isFinite(logit));
  if (lost >= 0) {
    throw new DivergenceError(
      `the network's output for image ${Math.floor(lost / classes) + 1} of ${count} is ${logits[lost]}: its training has ` +
        'diverged; start again with a lower learning rate',
    );
  }
  return logits;
}

/** The index of the largest of a row's elements, the first of equals. */
export function argMax(row: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}

/** The part of the rows whose largest logit is at the label, in [0, 1]. */
export function accuracyOf(logits: Float32Array, labels: ArrayLike<number>, classes: number): number {
  const count = logits.length / classes;
  let correct = 0;
  for (let i = 0; i < count; i++) {
    if (argMax(logits.subarray(i * classes, (i + 1) * classes)) === labels[i]) correct++;
  }
  return correct / count;
}
