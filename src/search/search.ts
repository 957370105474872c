/** The search: each step updates α on a batch of its half of the training images, then the weights on one of theirs. */
import {
  assembleBatch,
  type Batch,
  type Dataset,
  epochBatches,
  halves,
  measureNormalization,
  type Normalization,
} from '../data/index.ts';
import type { Compiled, Engine } from '../engine/engine.ts';
import { cosine } from '../nn/schedules.ts';
import { random } from '../random.ts';
import { type Observer, type Position, runEpochs, type Sums } from '../runs/epochs.ts';
import type { Checkpoint, RunFolder } from '../runs/run-folder.ts';
import { deriveGenotype } from './derive.ts';
import { formatGenotype, type Genotype } from './genotype.ts';
import { genotypeToJson } from './genotype-file.ts';
import type { SearchOptions } from './options.ts';
import { alphaSize, type SearchSpace, searchSpace } from './spaces.ts';
import { alphaStep, weightStep } from './steps.ts';
import { makeSupernet } from './supernet.ts';

export interface SearchResult {
  readonly status: 'finished' | 'interrupted';
  readonly genotype: Genotype;
  /** [2, edges, operations], flat. */
  readonly alpha: Float32Array;
  readonly theta: Float32Array;
  /** Weights of the supernet. */
  readonly parameters: number;
}

export interface SearchSetting {
  readonly engine: Engine;
  /** Where the run is kept; without it nothing is written. */
  readonly folder?: RunFolder | undefined;
  /** Continues from the folder's checkpoint. */
  readonly resume?: boolean;
  /** Stops after the step under way, saving a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

/** θ and α with the state of their optimizers. */
type State = Record<'theta' | 'momentum' | 'alpha' | 'first' | 'second', Float32Array>;

/**
 * Searches a genotype on a data set's training images.
 *
 * Everything random derives from `options.seed`: the same seed on the same device gives the same result, also when
 * the run was interrupted or killed in between.
 */
export async function search(
  dataset: Dataset,
  options: SearchOptions,
  { engine, folder, resume = false, signal, observer }: SearchSetting,
): Promise<SearchResult> {
  const space = searchSpace(options.space);
  const { shape, classes } = dataset;
  const supernet = makeSupernet(space, {
    ...options,
    imageChannels: shape.channels,
    classes: classes.length,
  });
  const [weightCount, alphaCount] = [supernet.parameters.size, alphaSize(space)];
  const sizes = {
    theta: weightCount,
    momentum: weightCount,
    alpha: alphaCount,
    first: alphaCount,
    second: alphaCount,
  };
  const begin = resume ? folder?.loadCheckpoint(sizes) : undefined;
  const state: State = begin?.state ?? {
    theta: supernet.parameters.initialize(random(options.seed, 'weights')),
    momentum: new Float32Array(weightCount),
    ...initialAlpha(space, options.seed),
  };
  const batches = batchSource(dataset, options);
  const compile = async (name: 'alpha' | 'weights'): Promise<Compiled> => {
    const { fn, signature } = (name === 'alpha' ? alphaStep : weightStep)(supernet, space, options, shape);
    return engine.compile(fn, signature, name);
  };
  const [updateAlpha, updateWeights] = [await compile('alpha'), await compile('weights')];

  const step = async ({ epoch, step: index }: Position): Promise<Sums> => {
    const rate = cosine(options.learningRate, options.learningRateMin, epoch, options.epochs);
    const learningRate = Float32Array.of(rate);
    const train = batches.weights(epoch, index);
    const validation = batches.alpha(epoch, index);
    const { theta, momentum, alpha, first, second } = state;
    const trainFeeds = { trainImages: train.images, trainLabels: train.labels };
    const a = await updateAlpha.run({
      theta,
      alpha,
      first,
      second,
      step: Float32Array.of(epoch * batches.steps + index + 1),
      validationImages: validation.images,
      validationLabels: validation.labels,
      ...(options.order === 2 && { momentum, learningRate, ...trainFeeds }),
    });
    Object.assign(state, { alpha: a.alpha, first: a.first, second: a.second });
    const w = await updateWeights.run({ theta, momentum, alpha: state.alpha, learningRate, ...trainFeeds });
    Object.assign(state, { theta: w.theta, momentum: w.momentum });
    const scalar = (elements: { [index: number]: number } | undefined): number => elements?.[0] ?? Number.NaN;
    return {
      count: options.batch,
      loss: scalar(w.loss) * options.batch,
      accuracy: scalar(w.correct),
      validationLoss: scalar(a.loss) * options.batch,
      validationAccuracy: scalar(a.correct),
    };
  };

  const genotype = (): Genotype => deriveGenotype(state.alpha, space);
  const checkpoint = (position: Position, sums: Sums): Checkpoint => ({ state, position, sums, values: {} });
  const status = await runEpochs({
    epochs: options.epochs,
    steps: batches.steps,
    start: begin?.position ?? { epoch: 0, step: 0 },
    sums: begin?.sums ?? {},
    step,
    endEpoch: async () => ({ genotype: formatGenotype(genotype()), alpha: [...state.alpha] }),
    save: (position, sums, record) => {
      if (record) folder?.record(record);
      folder?.saveCheckpoint(checkpoint(position, sums));
    },
    signal,
    observer,
  }).finally(async () => {
    await updateAlpha.dispose();
    await updateWeights.dispose();
  });
  if (status === 'finished') folder?.writeText('genotype.json', genotypeToJson(genotype()));
  return {
    status,
    genotype: genotype(),
    alpha: state.alpha,
    theta: state.theta,
    parameters: weightCount,
  };
}

/** α = 10⁻³·N(0, 1), as in quark0/darts, and Adam's moments. */
function initialAlpha(space: SearchSpace, seed: number): Pick<State, 'alpha' | 'first' | 'second'> {
  const generator = random(seed, 'alpha');
  const size = alphaSize(space);
  return {
    alpha: Float32Array.from({ length: size }, () => 1e-3 * generator.normal()),
    first: new Float32Array(size),
    second: new Float32Array(size),
  };
}

interface BatchSource {
  /** Steps in an epoch. */
  readonly steps: number;
  weights(epoch: number, step: number): Batch;
  alpha(epoch: number, step: number): Batch;
}

/** The batches of each step, from the seed, the epoch and the step alone, so that a run continues anywhere. */
function batchSource(dataset: Dataset, options: SearchOptions): BatchSource {
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
