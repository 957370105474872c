/** Selects a genotype by projection: evaluates what removals cost, decides, tunes the weights, until all is decided. */
import type { ImageShape } from '../../data/index.ts';
import type { Engine, Feeds } from '../../engine/engine.ts';
import { optimizers } from '../../nn/optimizer-table.ts';
import { cosine } from '../../nn/schedules.ts';
import { random } from '../../random.ts';
import { type EpochEnd, type Observer, type Position, runEpochs, type Sums } from '../../runs/epochs.ts';
import type { RunFolder } from '../../runs/run-folder.ts';
import type { BatchSource } from '../batches.ts';
import { formatGenotype, type Genotype } from '../genotype.ts';
import { countSkips } from '../guards/index.ts';
import { drawnInputs } from '../inputs.ts';
import type { ArchitectureValues } from '../methods/method.ts';
import type { SearchOptions } from '../options.ts';
import { skeletonForm } from '../skeleton-names.ts';
import { candidatesOf, type SearchSpace } from '../spaces.ts';
import { metricsOf, type State, takeOver, vectorsOf } from '../state.ts';
import { evaluationStep, slotName, stepInputs, weightStep } from '../steps.ts';
import { rowsOf, type Strengths } from '../strengths.ts';
import type { Supernet } from '../supernet.ts';
import {
  type Choice,
  decided,
  initialWeights,
  kept,
  projectionPlan,
  type Round,
  type Score,
  withoutCandidate,
} from './plan.ts';
import { scheduleOf, trialAt, trialCount } from './schedule.ts';
import { operationStrengths, weightedArchitecture, weightedSupernet } from './supernet.ts';

/** The part of the initial learning rate that tuning begins with, as the authors' does. */
const tuningRate = 0.1;

const vectors = { weights: 'projection/weights', correct: 'projection/correct', loss: 'projection/loss' };

const planOf = (space: SearchSpace, seed: number): Round[] =>
  projectionPlan(space, (kind) => random(seed, 'projection', kind));

/** The vectors that the projection adds to a search's state, and their sizes. */
export function projectionSizes(
  { space }: Supernet,
  { seed, select }: SearchOptions,
): Record<string, number> {
  if (select !== 'projection') return {};
  const scores = Math.max(1, ...planOf(space, seed).map((round) => trialCount(round, 1)));
  const weights = initialWeights([], space).length;
  return { [vectors.weights]: weights, [vectors.correct]: scores, [vectors.loss]: scores };
}

export interface ProjectionSetting {
  readonly engine: Engine;
  readonly options: SearchOptions;
  readonly shape: ImageShape;
  readonly classes: number;
  readonly supernet: Supernet;
  /** What the search has found. */
  readonly architecture: ArchitectureValues;
  readonly batches: BatchSource;
  /** The genotype that is read off strengths. */
  readonly derive: (strengths: Strengths) => Genotype;
  /** Changed as it goes on. */
  readonly state: State;
  /** Epochs of the search before. */
  readonly searched: number;
  /** Where an interrupted projection stands; its epochs follow those of the search. */
  readonly begin?: { readonly position: Position; readonly sums: Sums } | undefined;
  readonly folder?: RunFolder | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

export async function project(setting: ProjectionSetting): Promise<{
  status: 'finished' | 'interrupted';
  genotype: Genotype;
}> {
  const { engine, options, shape, supernet, architecture, batches, state, searched, begin, folder, derive } =
    setting;
  const { space } = supernet;
  const { seed, batch, learningRate, learningRateMin } = options;
  const plan = planOf(space, seed);
  const schedule = scheduleOf(plan, options.projectionTune);
  const trials = Math.min(options.projectionBatches || Number.POSITIVE_INFINITY, batches.alphaSteps);
  if (!begin) {
    state[vectors.weights] = initialWeights(operationStrengths(supernet.method, architecture, space), space);
    // The authors' optimizer is a new one.
    for (const slot of optimizers[options.optimizer].slots) state[slotName('theta', slot)]?.fill(0);
  }
  const weights = (): Float32Array => state[vectors.weights] as Float32Array;
  const vector = (name: 'correct' | 'loss'): Float32Array => state[vectors[name]] as Float32Array;
  const genotype = (): Genotype => derive(rowsOf(weights(), space));
  const scoresOf = (choice: Choice, offset: number): Score[] =>
    choice.candidates.map((_, i) => ({
      correct: vector('correct')[offset + i] as number,
      loss: vector('loss')[offset + i] as number,
    }));

  const net = weightedSupernet(supernet, {
    ...options,
    imageChannels: shape.channels,
    classes: setting.classes,
  });
  const { precision } = options;
  const { run, dispose } = await engine.compileAll({
    evaluation: { ...evaluationStep(net, options, shape), precision },
    tuning: { ...weightStep(net, options, shape), precision },
  });

  /** The mixing weights, and noise where the space has it, the same for all candidates on a batch. */
  const inputs = stepInputs(net, options, shape);
  const given = (mixing: Float32Array, position: Position): Feeds => {
    const alpha = weightedArchitecture(supernet.method, architecture, mixing, space);
    return { alpha, ...drawnInputs(inputs, net, options, alpha, 'projection', position) };
  };

  const evaluate = async (round: Round, { epoch, step }: Position): Promise<Sums> => {
    const trial = trialAt(round, trials, step);
    const choice = round[trial.choice] as Choice;
    const { images, labels } = batches.alpha(epoch, trial.batch);
    const { loss, correct } = metricsOf(
      await run.evaluation({
        theta: state.theta,
        ...given(withoutCandidate(weights(), choice, trial.candidate, space), { epoch, step: trial.batch }),
        images,
        labels,
      }),
    );
    const [place, isFirst] = [trial.offset + trial.candidate, trial.batch === 0];
    vector('correct')[place] = (isFirst ? 0 : (vector('correct')[place] as number)) + correct;
    vector('loss')[place] = (isFirst ? 0 : (vector('loss')[place] as number)) + loss;
    if (trial.batch === trials - 1 && trial.candidate === choice.candidates.length - 1) {
      const stay = kept(choice, scoresOf(choice, trial.offset));
      state[vectors.weights] = decided(weights(), choice, stay, space);
    }
    return { count: batch, trialLoss: loss * batch, trialAccuracy: correct };
  };

  const tune = async (index: number, { epoch, step }: Position): Promise<Sums> => {
    const initial = tuningRate * learningRate;
    const rate = cosine(initial, Math.min(initial, learningRateMin), index, schedule.tuning);
    const { images, labels } = batches.weights(epoch, step);
    const next = await run.tuning({
      ...vectorsOf(state, 'theta'),
      ...given(weights(), { epoch, step }),
      learningRate: Float32Array.of(rate),
      step: Float32Array.of(index * batches.steps + step + 1),
      images,
      labels,
    });
    const { loss, correct } = takeOver(state, next);
    return { count: batch, loss: loss * batch, accuracy: correct };
  };

  const at = (epoch: number) => schedule.at(epoch - searched);
  const endEpoch = async (epoch: number): Promise<EpochEnd> => {
    const now = at(epoch);
    const found = genotype();
    const offsets = (round: Round, i: number): number => trialCount(round.slice(0, i), 1);
    const projection = 'round' in now && {
      projection: now.round.map((choice, i) => {
        const scores = scoresOf(choice, offsets(now.round, i));
        return decisionRecord(choice, scores, trials * batch, space);
      }),
    };
    return { genotype: formatGenotype(found), skips: countSkips(found), ...projection };
  };

  const status = await runEpochs({
    epochs: searched + schedule.epochs,
    steps: (epoch) => {
      const now = at(epoch);
      return 'round' in now ? trialCount(now.round, trials) : batches.steps;
    },
    start: begin?.position ?? { epoch: searched, step: 0 },
    sums: begin?.sums ?? {},
    step: (position) => {
      const now = at(position.epoch);
      return 'round' in now ? evaluate(now.round, position) : tune(now.tuning, position);
    },
    endEpoch,
    save: (position, sums, record) => {
      if (record) folder?.record(record);
      folder?.saveCheckpoint({ state, position, sums, values: { searched } });
    },
    signal: setting.signal,
    observer: setting.observer,
  }).finally(dispose);
  return { status, genotype: genotype() };
}

/** A choice as the metrics record it: what stays, and the accuracy without each candidate. */
function decisionRecord(
  choice: Choice,
  scores: readonly Score[],
  images: number,
  space: SearchSpace,
): object {
  const { of, kind, index, candidates } = choice;
  const operations = candidatesOf(space, kind, index);
  const nameOf = (candidate: number): string | number =>
    of === 'operations' ? (operations[candidate] as string) : candidate;
  return {
    cell: skeletonForm(space.skeleton).kinds[kind],
    ...(of === 'operations' ? { edge: index } : { node: index + skeletonForm(space.skeleton).inputs }),
    kept: kept(choice, scores).map(nameOf),
    accuracyWithout: Object.fromEntries(
      candidates.map((candidate, i) => [nameOf(candidate), (scores[i]?.correct ?? Number.NaN) / images]),
    ),
  };
}
