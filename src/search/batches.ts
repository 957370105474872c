/** The batches of each step, from the seed, the epoch and the step alone, so that a run continues anywhere. */
import {
  assembleBatch,
  type Batch,
  type Dataset,
  epochBatches,
  halves,
  measureNormalization,
  type Normalization,
} from '../data/index.ts';
import { random } from '../random.ts';
import type { SearchOptions } from './options.ts';

export interface BatchSource {
  /** Steps in an epoch. */
  readonly steps: number;
  /** Batches in α's half. */
  readonly alphaSteps: number;
  weights(epoch: number, step: number): Batch;
  alpha(epoch: number, step: number): Batch;
}

export function batchSource(dataset: Dataset, options: SearchOptions): BatchSource {
  const { seed, batch, maxSteps } = options;
  const { train, shape } = dataset;
  const parts = halves(train.count, options.trainPortion, random(seed, 'halves'));
  const normalization: Normalization = measureNormalization(train, shape);
  const augmentation = { crop: options.crop, flip: options.flip, cutout: options.cutout };
  const ordered = remembered((part: 'weights' | 'alpha', epoch: number, cycle: number) =>
    epochBatches(parts[part], batch, random(seed, part, 'order', epoch, cycle), { dropLast: true }),
  );
  const whole = ordered('weights', 0, 0).length;
  const make =
    (part: 'weights' | 'alpha') =>
    (epoch: number, step: number): Batch => {
      // Where α has fewer batches than the weights, its half is gone through again in another order.
      const length = ordered(part, epoch, 0).length;
      const indices = ordered(part, epoch, Math.floor(step / length))[step % length] as Int32Array;
      return assembleBatch(train, shape, indices, {
        normalization,
        augmentation,
        random: random(seed, part, 'augmentation', epoch, step),
      });
    };
  return {
    steps: maxSteps > 0 ? Math.min(maxSteps, whole) : whole,
    alphaSteps: ordered('alpha', 0, 0).length,
    weights: make('weights'),
    alpha: make('alpha'),
  };
}

/** Remembers the last few results of a function, by its arguments. */
function remembered<A extends (string | number)[], R>(compute: (...args: A) => R): (...args: A) => R {
  const known = new Map<string, R>();
  return (...args) => {
    const key = args.join('/');
    const value = known.get(key) ?? compute(...args);
    known.set(key, value);
    if (known.size > 8) known.delete(known.keys().next().value as string);
    return value;
  };
}
