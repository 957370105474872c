/** Retraining: trains the discrete network of a genotype from scratch on all training images. */
import {
  assembleBatch,
  type Dataset,
  epochBatches,
  measureNormalization,
  type Normalization,
} from '../data/index.ts';
import type { Engine, Feeds, Run } from '../engine/engine.ts';
import { requireKinds, requireKnown } from '../kinds.ts';
import { initialLossScale, lossScaleSize, requireLossScale } from '../nn/loss-scaling.ts';
import { drawNoise } from '../nn/noise.ts';
import { optimizers } from '../nn/optimizer-table.ts';
import { cosine, ramp } from '../nn/schedules.ts';
import { random } from '../random.ts';
import { type Observer, type Position, runEpochs, type Sums } from '../runs/epochs.ts';
import { weightsFile } from '../runs/layout.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import { formatGenotype, type Genotype } from '../search/genotype.ts';
import { requireGenotype } from '../search/genotype-file.ts';
import { accuracyOf, type Classifier, splitLogits } from './evaluate.ts';
import { makeNetwork, type Network, networkSize } from './network.ts';
import { retrainOptionKinds } from './option-kinds.ts';
import type { RetrainOptions } from './options.ts';
import { inferenceStep, trainStep } from './steps.ts';
import { type Weights, writeWeights } from './weights.ts';

/** Weights, optimizer, running statistics, and in mixed precision the loss scaling's state. */
type State = Record<'theta' | 'momentum' | 'statistics', Float32Array> & { lossScale?: Float32Array };

/** Images in one evaluation batch. */
export const evaluationBatch = 100;

export interface RetrainResult {
  readonly status: 'finished' | 'interrupted';
  readonly network: Network;
  readonly normalization: Normalization;
  /** After the last step. */
  readonly last: Weights;
  /** Test accuracy in [0, 1] at the latest evaluation, which is that of `last` in a finished run; NaN before the first. */
  readonly accuracy: number;
  /** The best test accuracy of all evaluations; NaN before the first. */
  readonly bestAccuracy: number;
  /** Trainable weights, without the auxiliary head. */
  readonly parameters: number;
}

export interface RetrainSetting {
  readonly engine: Engine;
  readonly folder?: RunFolder | undefined;
  readonly resume?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

/** The network of a genotype for a data set's images. */
export const networkFor = (
  genotype: Genotype,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
  options: Pick<RetrainOptions, 'channels' | 'cells' | 'auxiliaryWeight'>,
): Network =>
  makeNetwork(genotype, { ...networkSize(options, dataset), auxiliary: options.auxiliaryWeight > 0 });

/** A classifier with given weights, run by what `inferenceStep` compiles to. */
const classifierBy =
  (run: Run) =>
  (weights: Weights): Classifier =>
  async (images) =>
    (await run({ ...weights, images })).logits as Float32Array;

/** A classifier of normalised images with given weights, compiled for one batch size. */
export async function compileClassifier(
  engine: Engine,
  network: Network,
  shape: Dataset['shape'],
  batch: number = evaluationBatch,
): Promise<{ classifier(weights: Weights): Classifier; dispose(): Promise<void> }> {
  const { fn, signature } = inferenceStep(network, batch, shape);
  const { run, dispose } = await engine.compile(fn, signature, 'inference');
  return { classifier: classifierBy(run), dispose };
}

/**
 * Trains the network of a genotype; deterministic in `options.seed`, however often it is interrupted.
 *
 * The folder receives the weights of the best evaluation (`best.safetensors`) and of the last epoch
 * (`last.safetensors`).
 *
 * @throws InputError where the genotype is none, or an option is unknown or not what it must be
 */
export async function retrain(
  genotype: Genotype,
  dataset: Dataset,
  options: RetrainOptions,
  { engine, folder, resume = false, signal, observer }: RetrainSetting,
): Promise<RetrainResult> {
  requireGenotype(genotype);
  requireKnown(options, retrainOptionKinds);
  requireKinds(options, retrainOptionKinds);
  const { shape, train, test } = dataset;
  const network = networkFor(genotype, dataset, options);
  const normalization = measureNormalization(train, shape);
  const { parameters, statistics } = network;
  const { slots } = optimizers[options.optimizer];
  const half = options.precision === 'float16';
  const sizes: Record<string, number> = {
    theta: parameters.size,
    ...Object.fromEntries(slots.map((slot) => [slot, parameters.size])),
    statistics: statistics.size,
    ...(half && { lossScale: lossScaleSize }),
  };
  const begin = resume ? folder?.loadCheckpoint(sizes) : undefined;
  // Every name of `sizes` has its vector.
  const state = (begin?.state as State | undefined) ?? {
    theta: parameters.initialize(random(options.seed, 'weights')),
    ...Object.fromEntries(slots.map((slot) => [slot, new Float32Array(parameters.size)])),
    statistics: statistics.initialize(random(options.seed, 'statistics')),
    ...(half && { lossScale: initialLossScale() }),
  };
  let bestAccuracy = begin?.values.bestAccuracy ?? Number.NaN;
  let accuracy = begin?.values.accuracy ?? Number.NaN;

  const training = trainStep(network, options, shape);
  const { signature } = training;
  const { run, dispose } = await engine.compileAll({
    train: { ...training, precision: options.precision },
    inference: inferenceStep(network, evaluationBatch, shape),
  });
  const weights = (): Weights => ({ theta: state.theta, statistics: state.statistics });
  const augmentation = { crop: options.crop, flip: options.flip, cutout: options.cutout };
  let order: { epoch: number; batches: Int32Array[] } | undefined;
  const batchesOf = (epoch: number): Int32Array[] => {
    if (order?.epoch !== epoch) {
      const generator = random(options.seed, 'order', epoch);
      order = { epoch, batches: epochBatches(train.count, options.batch, generator, { dropLast: true }) };
    }
    return order.batches;
  };

  const whole = batchesOf(0).length;
  const steps = options.maxSteps > 0 ? Math.min(options.maxSteps, whole) : whole;

  const step = async ({ epoch, step: index }: Position): Promise<Sums> => {
    const { images, labels } = assembleBatch(train, shape, batchesOf(epoch)[index] as Int32Array, {
      normalization,
      augmentation,
      random: random(options.seed, 'augmentation', epoch, index),
    });
    const learningRate = Float32Array.of(cosine(options.learningRate, 0, epoch, options.epochs));
    const { loss, correct, ...next } = await run.train({
      ...(state as Feeds),
      images,
      labels,
      learningRate,
      ...(signature.step && { step: Float32Array.of(epoch * steps + index + 1) }),
      ...(Object.hasOwn(signature, 'pathMasks') && {
        pathMasks: drawPathMasks(network, options, epoch, index),
      }),
      ...(signature.noise && {
        noise: drawNoise(signature.noise, random(options.seed, 'noise', epoch, index)),
      }),
    });
    Object.assign(state, next);
    requireLossScale(state.lossScale);
    return {
      count: options.batch,
      loss: (loss?.[0] ?? Number.NaN) * options.batch,
      accuracy: correct?.[0] ?? Number.NaN,
    };
  };

  const evaluate = async (): Promise<number> => {
    const logits = await splitLogits(
      classifierBy(run.inference)(weights()),
      dataset,
      test,
      normalization,
      evaluationBatch,
    );
    return accuracyOf(logits, test.labels, dataset.classes.length);
  };

  const save = (name: 'best' | 'last', epoch: number): void => {
    if (!folder) return;
    writeWeights(weightsFile(folder.path, name), network, weights(), {
      genotype: formatGenotype(genotype),
      normalization: JSON.stringify(normalization),
      accuracy: JSON.stringify(accuracy),
      epoch: String(epoch),
    });
  };

  const status = await runEpochs({
    epochs: options.epochs,
    steps,
    start: begin?.position ?? { epoch: 0, step: 0 },
    sums: begin?.sums ?? {},
    step,
    endEpoch: async (epoch) => {
      const last = epoch === options.epochs - 1;
      if (!last && (epoch + 1) % options.evaluateEvery !== 0) return {};
      accuracy = await evaluate();
      // The first evaluation is the best so far, though it were 0: what is compared with NaN is false.
      if (!(accuracy <= bestAccuracy)) {
        bestAccuracy = accuracy;
        save('best', epoch);
      }
      if (last) save('last', epoch);
      return { testAccuracy: accuracy };
    },
    save: (position, sums, record) => {
      if (record) folder?.record(record);
      folder?.saveCheckpoint({ state, position, sums, values: { bestAccuracy, accuracy } });
    },
    signal,
    observer,
  }).finally(dispose);
  const withoutHead = networkFor(genotype, dataset, { ...options, auxiliaryWeight: 0 });
  return {
    status,
    network,
    normalization,
    last: weights(),
    accuracy,
    bestAccuracy,
    parameters: withoutHead.parameters.size,
  };
}

/** For each site and image 1/keep or, with the epoch's drop probability, 0; [sites, batch]. */
function drawPathMasks(network: Network, options: RetrainOptions, epoch: number, step: number): Float32Array {
  const keep = 1 - ramp(options.dropPath, epoch, options.epochs);
  const generator = random(options.seed, 'paths', epoch, step);
  return Float32Array.from({ length: network.dropSites * options.batch }, () =>
    generator.uniform() < keep ? 1 / keep : 0,
  );
}
