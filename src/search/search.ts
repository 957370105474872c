/** The search: each step updates α on a batch of its half of the training images, then the weights on one of theirs. */
import type { Dataset } from '../data/index.ts';
import type { Compiled, Elements, Engine, Feeds } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import { optimizers } from '../nn/optimizer-table.ts';
import { cosine } from '../nn/schedules.ts';
import { random } from '../random.ts';
import { type Observer, type Position, runEpochs, type Sums } from '../runs/epochs.ts';
import type { Checkpoint, RunFolder } from '../runs/run-folder.ts';
import { batchSource } from './batches.ts';
import { type Budget, costOf, costPenalty, expectedCost } from './budget.ts';
import { deriveGenotype } from './derive.ts';
import { deriveWithin } from './derive-within.ts';
import { formatGenotype, type Genotype } from './genotype.ts';
import { genotypeToJson } from './genotype-file.ts';
import { requireMethodOptions } from './method-options.ts';
import { searchMethod } from './methods/index.ts';
import type { StepInputs } from './methods/method.ts';
import { randomGenotype } from './methods/random.ts';
import type { SearchOptions } from './options.ts';
import { openSpace, type SearchSpace } from './spaces.ts';
import { alphaStep, slotName, stepInputs, weightStep } from './steps.ts';
import type { Strengths } from './strengths.ts';
import { architectureValues, makeSupernet, type Supernet } from './supernet.ts';

export interface SearchResult {
  readonly status: 'finished' | 'interrupted';
  readonly genotype: Genotype;
  /** The architecture's parameters, flat: α [2, edges, operations] and what else the method has. */
  readonly alpha: Float32Array;
  readonly theta: Float32Array;
  /** Weights of the supernet. */
  readonly parameters: number;
}

export interface SearchSetting {
  readonly engine: Engine;
  /** What `options.space` names, where it is known already; a file is not read again then. */
  readonly space?: SearchSpace | undefined;
  /** What the network of the genotype may cost. */
  readonly budget?: Budget | undefined;
  /** Where the run is kept; without it nothing is written. */
  readonly folder?: RunFolder | undefined;
  /** Continues from the folder's checkpoint. */
  readonly resume?: boolean;
  /** Stops after the step under way, saving a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

/** θ and α, and the vectors of their optimizers: `theta/momentum`. */
type State = { theta: Float32Array; alpha: Float32Array } & Record<string, Float32Array>;

/**
 * Searches a genotype on a data set's training images.
 *
 * Everything random derives from `options.seed`: the same seed on the same device gives the same result, also when
 * the run was interrupted or killed in between.
 *
 * @throws InputError where the options contradict one another
 */
export async function search(
  dataset: Dataset,
  options: SearchOptions,
  setting: SearchSetting,
): Promise<SearchResult> {
  const { engine, folder, resume = false, signal, observer, budget } = setting;
  const { space = openSpace(options.space).space } = setting;
  const { method: name } = options;
  if (name === 'random') return drawRandom(space, options.seed, folder);
  requireUnrollable(options);
  requireMethodOptions(options);
  const method = searchMethod({ ...options, method: name });
  const { shape, classes } = dataset;
  const skeleton = { ...options, imageChannels: shape.channels, classes: classes.length };
  const supernet = makeSupernet(space, skeleton, method);
  const sizes = stateSizes(supernet, options);
  const begin = resume ? folder?.loadCheckpoint(sizes) : undefined;
  // Every name of `sizes` has its vector.
  const state = (begin?.state ?? initialState(supernet, sizes, options.seed)) as State;
  const batches = batchSource(dataset, options);
  const inputs = stepInputs(supernet, options, shape);
  const penalties = budget ? [costPenalty(budget, space, method)] : [];
  const compile = ({ fn, signature }: ReturnType<typeof weightStep>, name: string): Promise<Compiled> =>
    engine.compile(fn, signature, name);
  const updateAlpha = await compile(alphaStep(supernet, options, shape, penalties), 'alpha');
  const updateWeights = await compile(weightStep(supernet, options, shape), 'weights');

  /** What the method takes at a step of either kind. */
  const drawn = (of: StepInputs, kind: 'alpha' | 'weights', { epoch, step }: Position): Feeds => {
    const architecture = architectureValues(supernet, state.alpha);
    const draw = (name: string): Elements | undefined =>
      of[name]?.value({
        epoch,
        epochs: options.epochs,
        architecture,
        random: random(options.seed, kind, name, epoch, step),
      });
    return Object.fromEntries(Object.keys(of).map((name) => [name, draw(name) as Elements]));
  };
  const vectors = (vector: 'theta' | 'alpha'): Feeds =>
    Object.fromEntries(
      Object.entries(state).filter(([name]) => name === vector || name.startsWith(`${vector}/`)),
    );

  const step = async (position: Position): Promise<Sums> => {
    const { epoch, step: index } = position;
    const rate = cosine(options.learningRate, options.learningRateMin, epoch, options.epochs);
    const number = Float32Array.of(epoch * batches.steps + index + 1);
    const learningRate = Float32Array.of(rate);
    const train = batches.weights(epoch, index);
    const validation = batches.alpha(epoch, index);
    const trainFeeds = { trainImages: train.images, trainLabels: train.labels };
    const unrolled = slotName('theta', 'momentum');
    const a = await updateAlpha.run({
      theta: state.theta,
      ...vectors('alpha'),
      step: number,
      ...drawn(inputs, 'alpha', position),
      validationImages: validation.images,
      validationLabels: validation.labels,
      ...(options.order === 2 && {
        [unrolled]: state[unrolled] as Float32Array,
        learningRate,
        ...trainFeeds,
      }),
    });
    const metrics = takeOver(state, a);
    const w = await updateWeights.run({
      ...vectors('theta'),
      alpha: state.alpha,
      learningRate,
      step: number,
      ...drawn(inputs, 'weights', position),
      ...trainFeeds,
    });
    const { loss, correct } = takeOver(state, w);
    return {
      count: options.batch,
      loss: loss * options.batch,
      accuracy: correct,
      validationLoss: metrics.loss * options.batch,
      validationAccuracy: metrics.correct,
    };
  };

  const strengths = (): Strengths => method.strengths(architectureValues(supernet, state.alpha), space);
  const genotype = (): Genotype =>
    budget ? deriveWithin(strengths(), space, budget) : deriveGenotype(strengths(), space);
  const costs = (): { cost?: number; expectedCost?: number } =>
    budget
      ? {
          cost: costOf(genotype(), budget.table, space),
          expectedCost: expectedCost(strengths(), budget.table, space),
        }
      : {};
  const checkpoint = (position: Position, sums: Sums): Checkpoint => ({ state, position, sums, values: {} });
  const architectureRecord = (): Record<string, number[]> =>
    Object.fromEntries(
      Object.entries(architectureValues(supernet, state.alpha)).map(([name, values]) => [name, [...values]]),
    );
  const status = await runEpochs({
    epochs: options.epochs,
    steps: batches.steps,
    start: begin?.position ?? { epoch: 0, step: 0 },
    sums: begin?.sums ?? {},
    step,
    endEpoch: async () => ({ genotype: formatGenotype(genotype()), ...costs(), ...architectureRecord() }),
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
  const { theta, alpha } = state;
  return { status, genotype: genotype(), alpha, theta, parameters: supernet.parameters.size };
}

/** A random genotype is there at once; a run in a folder is finished, and continuing it finds the same. */
export function drawRandom(space: SearchSpace, seed: number, folder: RunFolder | undefined): SearchResult {
  const genotype = randomGenotype(space, seed);
  folder?.writeText('genotype.json', genotypeToJson(genotype));
  folder?.saveCheckpoint({ state: {}, position: { epoch: 0, step: 0 }, sums: {}, values: {} });
  const nothing = new Float32Array(0);
  return { status: 'finished', genotype, alpha: nothing, theta: nothing, parameters: 0 };
}

/** The second order unrolls a step of SGD, the paper's optimizer of the weights. */
function requireUnrollable({ order, optimizer }: SearchOptions): void {
  if (order === 1 || optimizer === 'sgd') return;
  throw new InputError(
    `order 2 unrolls a step of SGD, which the weights' optimizer must be; got ${optimizer}: ` +
      'take --optimizer sgd or --order 1',
  );
}

/** The vectors of a search's state, and their sizes. */
function stateSizes(supernet: Supernet, options: SearchOptions): Record<string, number> {
  const vector = (name: 'theta' | 'alpha', size: number, optimizer: SearchOptions['optimizer']) => ({
    [name]: size,
    ...Object.fromEntries(optimizers[optimizer].slots.map((slot) => [slotName(name, slot), size])),
  });
  return {
    ...vector('theta', supernet.parameters.size, options.optimizer),
    ...vector('alpha', supernet.architecture.size, options.alphaOptimizer),
  };
}

function initialState(supernet: Supernet, sizes: Readonly<Record<string, number>>, seed: number): State {
  const zero = Object.entries(sizes).map(([name, size]) => [name, new Float32Array(size)]);
  return {
    ...Object.fromEntries(zero),
    theta: supernet.parameters.initialize(random(seed, 'weights')),
    alpha: supernet.architecture.initialize(random(seed, 'alpha')),
  };
}

/** Puts a step's new vectors into the state; returns its metrics. */
function takeOver(
  state: State,
  { loss, correct, ...vectors }: Readonly<Record<string, Elements>>,
): { loss: number; correct: number } {
  Object.assign(state, vectors);
  return { loss: loss?.[0] ?? Number.NaN, correct: correct?.[0] ?? Number.NaN };
}
