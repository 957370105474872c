/** One version of one model, loaded and ready. */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { requireDevice } from '../../devices/index.ts';
import { InputError, messageOf } from '../../errors.ts';
import { type ModelMetadata, metadataFromProps } from '../../onnx/metadata.ts';
import { type ModelInfo, readModelInfo } from '../../onnx/serde.ts';
import { adaptiveDelay, fixedDelay, noDelay } from '../batching/delay.ts';
import { type Session, scheduled } from '../batching/scheduler.ts';
import type { Signature } from '../protocol/infer.ts';
import { createStatistics, type Statistics } from '../statistics.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import { type Instance, openInstance } from '../workers/instance.ts';
import { withLoneInstance } from '../workers/lone.ts';
import { openPool, type Pool } from '../workers/pool.ts';
import { createThreads, type Threads } from '../workers/threads.ts';
import { measuredBatchSize } from './batch-size.ts';
import { type Batching, batchingOf, joinsRows, rowsAreIndependent } from './batching.ts';
import { type Classifier, classifierOf } from './classifier.ts';
import type { ModelConfig } from './config.ts';
import {
  configuredPlacement,
  type MeasuredPlacement,
  measuredPlacement,
  type Placement,
} from './placement.ts';
import { trialInputs } from './trial.ts';

export interface Model {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** What the model says about itself, as far as it was written by onnx-nas. Its values are not checked. */
  readonly metadata: Partial<ModelMetadata>;
  readonly config: ModelConfig;
  readonly placement: Placement;
  readonly batching: Batching;
  /** What a request may be: as the file says, the batch dimension open where batches are filled up. */
  readonly signature: Signature;
  /** How it classifies images, or why it does not. */
  readonly classifier: Classifier | string;
  readonly session: Session;
  readonly statistics: Statistics;
}

export interface ModelFile {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** Is told what is not as it should be and no reason to stop. */
export type Warn = (message: string) => void;

export interface LoadOptions {
  readonly warn: Warn;
  /** What messages call the configuration; by default the model's file. */
  readonly configuredBy?: string | undefined;
  /** Rows of a batch where `max_batch_size` is not configured and batches are possible; by default they are measured. */
  readonly usualBatchSize?: number | undefined;
  /** The worker threads that are there; by default the model has its own, which end with it. */
  readonly threads?: Threads;
}

/**
 * Loads a model file and warms it up.
 *
 * @throws InputError if it is not a model that can be served as configured
 */
export async function loadModel(
  file: ModelFile,
  config: ModelConfig,
  { warn, configuredBy = file.path, usualBatchSize, threads: workers = createThreads(0) }: LoadOptions,
): Promise<Model> {
  const { name, version, path } = file;
  const say: Warn = (message) => warn(`model ${name}/${version}: ${message}`);
  const info = await infoOf(path);
  const metadata = metadataFromProps(info.metadata);
  const externalData = [...info.externalData];
  await checkDevice(config.device, path, say);
  const open = async (threads: number): Promise<Instance> => {
    const instance = await openInstance({ path, externalData, device: config.device, threads }, workers);
    await warmUp(instance, config, configuredBy, say);
    return instance;
  };
  const cores = availableParallelism();
  const measured: MeasuredPlacement =
    configuredPlacement(config, cores) ??
    (await measuredPlacement(cores, open, (instance) => timeRun(instance, config)));
  const { first: _first, lone: _lone, ...placement } = measured;
  const pool = await poolOf(measured, open, say);
  try {
    const statistics = createStatistics();
    const batching = await batchingFor(pool, config, configuredBy, say, info.operators, usualBatchSize);
    const session = scheduled(pool, { name, ...batching, ...scheduling(config) }, statistics);
    const { inputs, outputs } = openBatch(pool, batching);
    const classifier = blaming(configuredBy, () => classifierOf({ metadata, config, inputs, outputs }));
    const imageInput = typeof classifier === 'string' ? undefined : classifier.input;
    const signature = { inputs, outputs, imageInput };
    return {
      ...{ name, version, path, metadata, config, placement, batching, signature },
      ...{ classifier, session, statistics },
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** The instances of a placement, of which those that have been opened to measure it are the first. */
async function poolOf(
  { instances, threads, first, loneThreads, lone }: MeasuredPlacement,
  open: (threads: number) => Promise<Instance>,
  warn: Warn,
): Promise<Pool> {
  const pool = (count: number, own: number, opened: Instance | undefined): Promise<Pool> => {
    const known = opened ? [opened] : [];
    return openPool(async () => known.pop() ?? (await open(own)), count, warn);
  };
  if (loneThreads === undefined) return pool(instances, threads, first);
  const alone = await pool(1, loneThreads, lone);
  try {
    return withLoneInstance(await pool(instances, threads, first), alone);
  } catch (error) {
    await alone.close();
    throw error;
  }
}

/** Milliseconds by which a batch may be ahead of others that come and are more urgent. */
const longestAhead = 50;

/** Fails before a worker starts where the device cannot be used. A child process finds out; nothing is blocked. */
async function checkDevice(device: ModelConfig['device'], path: string, warn: Warn): Promise<void> {
  try {
    const verdict = await requireDevice(device);
    if (verdict?.state === 'software') warn(`the device ${device} is ${verdict.what}`);
  } catch (error) {
    throw new InputError(`${path}: ${messageOf(error)}`);
  }
}

function scheduling(config: ModelConfig) {
  const { maxQueueSize, priorityLevels, defaultPriority, defaultTimeoutMs } = config;
  const { maxQueueDelayMs, adaptiveDelay: adaptive } = config;
  return {
    maxQueued: maxQueueSize,
    priorityLevels,
    defaultPriority,
    defaultTimeout: defaultTimeoutMs,
    longestAhead,
    delay:
      maxQueueDelayMs === 0
        ? noDelay
        : adaptive
          ? adaptiveDelay(maxQueueDelayMs)
          : fixedDelay(maxQueueDelayMs),
  };
}

async function infoOf(path: string): Promise<ModelInfo> {
  try {
    return readModelInfo(await readFile(path));
  } catch (error) {
    throw new InputError(`${path}: cannot read the model: ${messageOf(error)}`);
  }
}

/** What work finds wrong with the configuration names that. */
function blaming<T>(configuredBy: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${configuredBy}: ${error.message}`) : error;
  }
}

/**
 * Runs an instance once on zeros, so that no client waits for what the first run sets up. A model may not take
 * open dimensions of 1 and serve well all the same: then that is said, and the model served.
 */
async function warmUp(
  instance: Instance,
  config: ModelConfig,
  configuredBy: string,
  warn: Warn,
): Promise<void> {
  try {
    const names = instance.outputs.map(({ name }) => name);
    const inputs = blaming(configuredBy, () => trialInputs(instance.inputs, config.warmUp, 0));
    await instance.run(inputs, names);
  } catch (error) {
    if (error instanceof InputError) {
      await instance.close();
      throw error;
    }
    warn(`warming up failed (warm_up of config.json sets the shapes): ${messageOf(error)}`);
  }
}

/** How many runs are timed: so many at least, and more until as many milliseconds are over. */
const timed = { runs: 5, milliseconds: 10 } as const;

/** Milliseconds of a run on the inputs that warm it up, at best; undefined where it takes others. */
async function timeRun(instance: Instance, { warmUp: shapes }: ModelConfig): Promise<number | undefined> {
  const names = instance.outputs.map(({ name }) => name);
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + timed.milliseconds;
  try {
    for (let run = 0; run < timed.runs || performance.now() < end; run++) {
      const { milliseconds } = await instance.run(trialInputs(instance.inputs, shapes, 0), names);
      best = Math.min(best, milliseconds);
    }
    return best;
  } catch {
    // That was said when it was warmed up.
    return undefined;
  }
}

async function batchingFor(
  pool: Pool,
  config: ModelConfig,
  configuredBy: string,
  warn: Warn,
  operators: ReadonlySet<string>,
  usual: number | undefined,
): Promise<Batching> {
  const batching = blaming(configuredBy, () => batchingOf(pool, config.maxBatchSize, usual));
  if (!batching.guessed) return batching;
  const rows = (count: number, seed: number) => trialInputs(pool.inputs, config.warmUp, seed, count);
  const reason = joinsRows(operators) ?? (await rowsAreIndependent(pool, [rows(1, 1), rows(1, 2)]));
  if (reason !== undefined) {
    warn(
      `requests are not batched: ${reason} (max_batch_size of config.json decides: 0 says that this is right)`,
    );
    return { maxRows: 0, padTo: 0, guessed: false };
  }
  // A GPU has no cache that a batch could leave, and sets itself up for each size anew.
  if (usual !== undefined || config.device !== 'cpu') return batching;
  const maxRows = await measuredBatchSize(batching.maxRows, (count) => timeBatches(pool, rows, count));
  return { ...batching, maxRows };
}

/** As {@link TimeBatches}. All instances run at once, as under load: they share the machine's memory. */
async function timeBatches(
  pool: Pool,
  rows: (count: number, seed: number) => NamedTensors,
  count: number,
): Promise<number | undefined> {
  const names = pool.outputs.map(({ name }) => name);
  const batches = Array.from({ length: pool.size }, (_, i) => rows(count, i + 1));
  const begin = performance.now();
  try {
    await Promise.all(batches.map((batch) => pool.run(batch, names)));
    return performance.now() - begin;
  } catch {
    // It runs rows one by one and two together, but not so many: what a client sends will say why.
    return undefined;
  }
}

function openBatch({ inputs, outputs }: Pick<Pool, 'inputs' | 'outputs'>, { padTo }: Batching): Signature {
  if (padTo === 0) return { inputs, outputs };
  const open = (signature: TensorSignature): TensorSignature => ({
    ...signature,
    shape: ['batch', ...signature.shape.slice(1)],
  });
  return { inputs: inputs.map(open), outputs: outputs.map(open) };
}

/** Whether a model answers inferences. */
export const isReady = ({ session }: Pick<Model, 'session'>): boolean => session.failure === undefined;
