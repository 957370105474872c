/** The search: each step updates α on a batch of its half of the training images, then the weights on one of theirs. */
import type { Dataset } from '../data/index.ts';
import type { Engine, Feeds } from '../engine/engine.ts';
import { requireKinds, requireKnown } from '../kinds.ts';
import { cosine } from '../nn/schedules.ts';
import { type EpochEnd, type Observer, type Position, runEpochs, type Sums } from '../runs/epochs.ts';
import { type Checkpoint, type RunFolder, readMetrics } from '../runs/run-folder.ts';
import { type BatchSource, batchSource } from './batches.ts';
import { type Budget, costOf, costPenalty, expectedCost } from './budget.ts';
import { requireConsistent } from './consistent.ts';
import { watchCurvature } from './curvature-watch.ts';
import { deriveGenotype } from './derive.ts';
import { deriveWithin } from './derive-within.ts';
import { formatGenotype, type Genotype } from './genotype.ts';
import { genotypeToJson } from './genotype-file.ts';
import { countSkips, guardOf, isGuarded } from './guards/index.ts';
import { type PastEpoch, pastEpochs } from './history.ts';
import { drawnInputs } from './inputs.ts';
import { methodOptions, requireMethodOptions } from './method-options.ts';
import { searchMethod } from './methods/index.ts';
import { randomGenotype } from './methods/random.ts';
import { searchOptionKinds } from './option-kinds.ts';
import type { SearchOptions } from './options.ts';
import { penaltiesOf } from './penalties/index.ts';
import { project, projectionSizes } from './projection/project.ts';
import { openSpace, type SearchSpace } from './spaces.ts';
import { initialState, type State, stateSizes, takeOver, vectorsOf } from './state.ts';
import { alphaGradientStep, alphaInputs, searchSteps, slotName, stepInputs } from './steps.ts';
import type { Strengths } from './strengths.ts';
import { architectureValues, makeSupernet, type Supernet } from './supernet.ts';

export interface SearchResult {
  readonly status: 'finished' | 'interrupted';
  readonly genotype: Genotype;
  /** Why the search ended before its last epoch, where a guard has ended it. */
  readonly stopped?: string;
  /** The architecture's parameters, flat: α [kinds, edges, operations] and what else the method has. */
  readonly alpha: Float32Array;
  readonly theta: Float32Array;
  /** Weights of the supernet. */
  readonly parameters: number;
  /** Kinds of cells that the supernet, of so few cells, has none of: what the genotype has for them was not searched. */
  readonly unsearched: readonly string[];
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

/**
 * Searches a genotype on a data set's training images.
 *
 * Everything random derives from `options.seed`: the same seed on the same device gives the same result, also when
 * the run was interrupted or killed in between.
 *
 * @throws InputError where an option is unknown or not what it must be, or options contradict one another
 */
export async function search(
  dataset: Dataset,
  options: SearchOptions,
  setting: SearchSetting,
): Promise<SearchResult> {
  const { folder, resume = false, budget } = setting;
  const { method, seed, space: source, ...trained } = searchOptionKinds;
  requireKnown(options, searchOptionKinds);
  requireKinds(options, { method, seed, ...(!setting.space && { space: source }) });
  const { space = openSpace(options.space).space } = setting;
  const { method: name } = options;
  if (name === 'random') return drawRandom(space, options.seed, folder);
  requireKinds(options, trained, [...methodOptions.keys()]);
  requireConsistent(options);
  requireMethodOptions(options);
  const learner = searchMethod({ ...options, method: name });
  const { shape, classes } = dataset;
  const skeleton = { ...options, imageChannels: shape.channels, classes: classes.length };
  const supernet = makeSupernet(space, skeleton, learner);
  const sizes = { ...stateSizes(supernet, options), ...projectionSizes(supernet, options) };
  const begin = resume ? folder?.loadCheckpoint(sizes) : undefined;
  // Every name of `sizes` has its vector.
  const state = (begin?.state ?? initialState(supernet, sizes, options.seed)) as State;
  const batches = batchSource(dataset, options);
  // The epochs of a projection follow those of the search, of which they keep the number.
  const searched = begin?.values.searched;
  const past = begin && folder && isGuarded(options) ? pastOf(folder.path, begin, supernet) : [];
  const derive = (strengths: Strengths): Genotype =>
    budget ? deriveWithin(strengths, space, budget) : deriveGenotype(strengths, space);
  const learning = { ...setting, dataset, options, supernet, batches, state, past, derive };
  const status = searched === undefined ? await learn({ ...learning, begin }) : 'finished';

  const stop = guardOf(options)(past);
  const alpha = past.find(({ epoch }) => epoch === stop?.take)?.alpha ?? state.alpha;
  const selected =
    status === 'finished' && options.select === 'projection'
      ? await project({
          ...learning,
          shape,
          classes: classes.length,
          architecture: architectureValues(supernet, alpha),
          searched: searched ?? (stop ? past.length : options.epochs),
          begin: searched === undefined ? undefined : begin,
        })
      : { status, genotype: derive(strengthsAt(supernet, alpha)) };
  if (selected.status === 'finished') folder?.writeGenotype(genotypeToJson(selected.genotype));
  return {
    ...selected,
    ...(stop && { stopped: stop.reason }),
    alpha,
    theta: state.theta,
    parameters: supernet.parameters.size,
    unsearched: supernet.unsearched,
  };
}

/** A random genotype is there at once; a run in a folder is finished, and continuing it finds the same. */
export function drawRandom(space: SearchSpace, seed: number, folder: RunFolder | undefined): SearchResult {
  const genotype = randomGenotype(space, seed);
  folder?.writeGenotype(genotypeToJson(genotype));
  folder?.saveCheckpoint({ state: {}, position: { epoch: 0, step: 0 }, sums: {}, values: {} });
  const nothing = new Float32Array(0);
  return { status: 'finished', genotype, alpha: nothing, theta: nothing, parameters: 0, unsearched: [] };
}

interface Learning extends SearchSetting {
  readonly dataset: Dataset;
  readonly options: SearchOptions;
  readonly supernet: Supernet;
  readonly batches: BatchSource;
  /** Changed as the search goes on, as `past` is. */
  readonly state: State;
  readonly past: PastEpoch[];
  readonly begin: Checkpoint | undefined;
  /** The genotype that is read off strengths. */
  readonly derive: (strengths: Strengths) => Genotype;
}

/** The epochs in which α and the weights are learned, until the last or until a guard ends them. */
async function learn(learning: Learning): Promise<'finished' | 'interrupted'> {
  const { engine, dataset, options, supernet, batches, state, past, begin, folder, derive, budget } =
    learning;
  if (begin && begin.position.epoch >= options.epochs) return 'finished';
  const { shape } = dataset;
  const { space, method } = supernet;
  const penalties = [...penaltiesOf(options), ...(budget ? [costPenalty(budget, space, method)] : [])];
  const inputs = {
    alpha: alphaInputs(supernet, options, shape, penalties),
    weights: stepInputs(supernet, options, shape),
  };
  const steps = {
    ...searchSteps(supernet, options, shape, penalties),
    ...(options.eigenvalueStop && { curvature: alphaGradientStep(supernet, options, shape) }),
  };
  const { run, dispose } = await engine.compileAll(steps);
  const curvature = run.curvature && watchCurvature(run.curvature, learning, shape);

  /** What the steps of a kind take besides state and batch. */
  const drawn = (kind: 'alpha' | 'weights', position: Position): Feeds =>
    drawnInputs(inputs[kind], supernet, options, state.alpha, kind, position);

  const alphaUpdate = async (position: Position, training: Feeds): Promise<Sums> => {
    const { epoch, step } = position;
    if (epoch < options.alphaWarmUp) return {};
    const { images, labels } = batches.alpha(epoch, step);
    const outputs = await run.alpha({
      theta: state.theta,
      ...vectorsOf(state, 'alpha'),
      step: Float32Array.of((epoch - options.alphaWarmUp) * batches.steps + step + 1),
      ...drawn('alpha', position),
      images,
      labels,
      ...(options.order === 2 && { ...training, ...momentumOf(state) }),
    });
    const { loss, correct } = takeOver(state, outputs);
    return { validationLoss: loss * options.batch, validationAccuracy: correct };
  };

  const step = async (position: Position): Promise<Sums> => {
    const { epoch, step: index } = position;
    const rate = cosine(options.learningRate, options.learningRateMin, epoch, options.epochs);
    const learningRate = Float32Array.of(rate);
    const { images, labels } = batches.weights(epoch, index);
    const validation = await alphaUpdate(position, {
      learningRate,
      trainImages: images,
      trainLabels: labels,
    });
    const outputs = await run.weights({
      ...vectorsOf(state, 'theta'),
      alpha: state.alpha,
      learningRate,
      step: Float32Array.of(epoch * batches.steps + index + 1),
      ...drawn('weights', position),
      images,
      labels,
    });
    const { loss, correct } = takeOver(state, outputs);
    return { count: options.batch, loss: loss * options.batch, accuracy: correct, ...validation };
  };

  const guard = guardOf(options);
  const endEpoch = async (epoch: number): Promise<EpochEnd> => {
    const strengths = strengthsAt(supernet, state.alpha);
    const genotype = derive(strengths);
    const measured = { skips: countSkips(genotype), ...(await curvature?.measure()) };
    past.push({ epoch, ...measured, alpha: state.alpha.slice() });
    const stop = guard(past);
    return {
      genotype: formatGenotype(genotype),
      ...(budget && {
        cost: costOf(genotype, budget.table, space),
        expectedCost: expectedCost(strengths, budget.table, space),
      }),
      ...measured,
      ...architectureRecord(supernet, state.alpha),
      ...(stop && { stopped: stop.reason, taken: stop.take }),
    };
  };

  return runEpochs({
    epochs: options.epochs,
    steps: batches.steps,
    start: begin?.position ?? { epoch: 0, step: 0 },
    sums: begin?.sums ?? {},
    step,
    endEpoch,
    save: (position, sums, record) => {
      if (record) folder?.record(record);
      folder?.saveCheckpoint({ state, position, sums, values: {} });
    },
    signal: learning.signal,
    observer: learning.observer,
  }).finally(dispose);
}

const strengthsAt = (supernet: Supernet, alpha: Float32Array): Strengths =>
  supernet.method.strengths(architectureValues(supernet, alpha), supernet.space);

/** The momentum of the weights, which the second order's unrolled step has. */
const momentumOf = (state: State): Feeds => {
  const name = slotName('theta', 'momentum');
  return { [name]: state[name] as Float32Array };
};

const architectureRecord = (supernet: Supernet, alpha: Float32Array): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(architectureValues(supernet, alpha)).map(([name, values]) => [name, [...values]]),
  );

/** The epochs that a run has searched in before it was interrupted. */
function pastOf(path: string, { position, values }: Checkpoint, supernet: Supernet): PastEpoch[] {
  const records = readMetrics(path);
  const last = records.find(({ stopped }) => stopped !== undefined)?.epoch ?? Number.POSITIVE_INFINITY;
  // A stopped run is at its end, but has fewer records.
  const done = values.searched ?? Math.min(position.epoch, last + 1);
  return pastEpochs(records, done, supernet, path);
}
