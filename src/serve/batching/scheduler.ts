/** Drives a model's batcher: a session whose requests wait, run together in a pool of instances, and part again. */

import { messageOf } from '../../errors.ts';
import { errors } from '../protocol/errors.ts';
import { failureReasonOf, type Observer, type Phases } from '../statistics.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import { CrashError } from '../workers/instance.ts';
import type { Pool } from '../workers/pool.ts';
import { createBatcher, type Waiting } from './batcher.ts';
import { type DelayPolicy, noDelay } from './delay.ts';
import { mergeRows, rowsOf, shapeKey, splitRows } from './rows.ts';

/** How one inference is to be scheduled. */
export interface InferOptions {
  /** From 1, the most urgent; 0 or absent: the model's default. Beyond the model's levels: the last. */
  readonly priority?: number;
  /** Milliseconds that it may wait to be run; 0 or absent: the model's default. */
  readonly timeout?: number;
  /** Is handed a function that takes the request back as long as it waits. */
  readonly onCancellable?: (cancel: () => void) => void;
}

/** A loaded model that answers inferences. */
export interface Session {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Why the session cannot run any more, if it cannot. */
  readonly failure: Error | undefined;
  /** How many requests wait to be run. */
  readonly waiting: number;
  /**
   * Runs the model. The inputs' buffers are handed over: their arrays may be empty afterwards.
   * @param outputs the names of the outputs to compute; by default all
   * @throws ProtocolError 400 for inputs whose batch sizes differ, 500 where the run fails, 503 where it cannot begin
   */
  infer(inputs: NamedTensors, outputs?: readonly string[], options?: InferOptions): Promise<NamedTensors>;
  /** Takes no further inferences, waits for those that it has taken and releases the model. Can be called twice. */
  close(): Promise<void>;
}

export interface SchedulerOptions {
  /** The model's name, for messages. */
  readonly name: string;
  /** The most rows of a batch; 0: the model has no batch dimension, requests run one by one. */
  readonly maxRows: number;
  /** Batches are filled up to this many rows, the model's fixed batch size; 0: they are not. */
  readonly padTo: number;
  readonly maxQueued: number;
  readonly priorityLevels: number;
  readonly defaultPriority: number;
  /** Milliseconds; 0: none. */
  readonly defaultTimeout: number;
  readonly delay: DelayPolicy;
  /** The longest run, in milliseconds, during which an instance is handed its next batch already; 0: none. */
  readonly longestAhead: number;
}

/** Milliseconds; Node's timers count no further. */
const longestTimer = 2 ** 31 - 1;

interface Item extends Waiting {
  readonly inputs: NamedTensors;
  readonly outputs: readonly string[];
  readonly timeout: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  readonly outputs: NamedTensors;
  readonly phases: Phases;
}

export function scheduled(
  pool: Pool,
  options: SchedulerOptions,
  observer: Observer,
  clock: () => number = () => performance.now(),
): Session {
  const { name, maxRows, padTo, maxQueued, priorityLevels, defaultPriority, defaultTimeout, longestAhead } =
    options;
  const batches = maxRows > 0;
  const batcher = createBatcher<Item>({ maxRows: Math.max(1, maxRows), maxQueued });
  let delay = options.delay;
  let running = 0;
  let lastRun = Number.POSITIVE_INFINITY;
  let closed: Promise<void> | undefined;
  let drained: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pumping = false;

  /** After all requests that have arrived together, so that they run together. */
  const pumpSoon = (): void => {
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  };

  const pump = (): void => {
    pumping = false;
    const now = clock();
    for (const item of batcher.expire(now)) item.reject(errors.timedOut(name, item.timeout));
    if (pool.failure) {
      for (const item of batcher.clear()) item.reject(errors.unavailable(name, pool.failure.message));
    }
    while (pool.free > 0 || mayRunAhead()) {
      const batch = batcher.take(now, delay.dueAt, share());
      if (batch.length === 0) break;
      void start(batch, now);
    }
    if (batcher.size === 0 && running === 0) drained?.();
    wakeAt(Math.min(batcher.nextDeadline(), pool.free > 0 ? batcher.nextDue(delay.dueAt) : Infinity));
  };

  /**
   * Requests of one run, at most: an instance's share of those that wait, and of all, those that run included, as more for
   * one would leave too few for the others. What was gathered for so long stays together.
   */
  const share = (): number => {
    if (delay !== noDelay) return Infinity;
    const { size, free } = pool;
    const ofAll = Math.ceil((batcher.size + running) / Math.max(1, size));
    return free > 0 ? Math.min(ofAll, Math.ceil(batcher.size / free)) : ofAll;
  };

  /**
   * Whether an instance that is running gets its next batch now, so that it need not wait for this thread when it has
   * ended: if that is soon, if nobody may have given up by then, and if its share of all requests is there, as what is
   * handed over grows no more.
   */
  const mayRunAhead = (): boolean =>
    pool.ahead > 0 &&
    lastRun <= longestAhead &&
    batcher.nextDeadline() === Infinity &&
    batcher.size * pool.capacity >= batcher.size + running;

  const wakeAt = (time: number): void => {
    clearTimeout(timer);
    const wait = Math.min(Math.max(0, Math.ceil(time - clock())), longestTimer);
    timer = time < Infinity ? setTimeout(pump, wait) : undefined;
  };

  const start = async (batch: readonly Item[], taken: number): Promise<void> => {
    running += batch.length;
    const begin = clock();
    let rows = 0;
    for (const item of batch) rows += item.rows;
    try {
      await runTogether(batch, rows, taken);
    } catch (error) {
      await runApart(batch, taken, error);
    }
    running -= batch.length;
    delay.ran(clock(), rows, batch.length, clock() - begin);
    pumpSoon();
  };

  const runTogether = async (batch: readonly Item[], rows: number, taken: number): Promise<void> => {
    const begin = clock();
    const [first] = batch as [Item];
    const alone = batch.length === 1 && rows >= padTo && ownsBuffers(first.inputs);
    const inputs = alone
      ? first.inputs
      : mergeRows(
          batch.map((item) => item.inputs),
          padTo,
        );
    const input = clock() - begin;
    const { outputs, milliseconds } = await pool.run(inputs, first.outputs);
    lastRun = milliseconds;
    const end = clock();
    const parts =
      batches && (batch.length > 1 || padTo > rows)
        ? splitRows(
            outputs,
            batch.map((item) => item.rows),
            Math.max(rows, padTo),
          )
        : [outputs];
    const phases = { input, infer: milliseconds, output: clock() - end };
    observer.executed(rows, phases);
    batch.forEach((item, i) => {
      item.resolve({
        outputs: parts[i] as NamedTensors,
        phases: { ...phases, queue: taken - item.arrived },
      });
    });
  };

  /** One request can make a run fail (an index out of range); the others of its batch are not to fail with it. */
  const runApart = async (batch: readonly Item[], taken: number, error: unknown): Promise<void> => {
    const reason = errors.inferenceFailed(name, messageOf(error));
    if (batch.length === 1 || error instanceof CrashError) {
      for (const item of batch) item.reject(reason);
      return;
    }
    for (const item of batch) {
      try {
        await runTogether([item], item.rows, taken);
      } catch (own) {
        item.reject(errors.inferenceFailed(name, messageOf(own)));
      }
    }
  };

  const urgencyOf = (priority = 0): number => Math.min(priority || defaultPriority, priorityLevels);

  /** Lets a request wait, in pieces if it has more rows than a batch. */
  const enqueue = (
    pieces: readonly NamedTensors[],
    outputs: readonly string[],
    { priority, timeout = 0, onCancellable }: InferOptions,
  ): Promise<Answer>[] => {
    if (pieces.length > maxQueued) throw errors.tooManyRows(name, maxQueued * maxRows);
    if (batcher.size + pieces.length > maxQueued) throw errors.queueFull(name, batcher.size);
    const now = clock();
    const wait = timeout || defaultTimeout;
    delay.arrived(now, batcher.size + running);
    const items: Item[] = [];
    const answers = pieces.map(
      (inputs) =>
        new Promise<Answer>((resolve, reject) => {
          const item = {
            key: batches ? shapeKey(inputs) + outputs.join(';') : '',
            rows: batches ? (rowsOf(inputs) ?? 1) : 1,
            priority: urgencyOf(priority),
            arrived: now,
            deadline: wait > 0 ? now + wait : Infinity,
            timeout: wait,
            inputs,
            outputs,
            resolve,
            reject,
          };
          items.push(item);
          batcher.add(item);
        }),
    );
    onCancellable?.(() => {
      for (const item of items) if (batcher.remove(item)) item.reject(errors.cancelled());
    });
    pumpSoon();
    return answers;
  };

  const piecesOf = (inputs: NamedTensors): NamedTensors[] => {
    if (!batches) return [inputs];
    const rows = rowsOf(inputs);
    if (rows === undefined) {
      const shapes = [...inputs].map(([input, { shape }]) => `${input} [${shape}]`).join(', ');
      throw errors.invalid('inputs', 'the same first dimension, the batch, in all of them', shapes);
    }
    if (rows <= maxRows) return [inputs];
    const sizes = Array.from({ length: Math.ceil(rows / maxRows) }, (_, i) =>
      Math.min(maxRows, rows - i * maxRows),
    );
    return splitRows(inputs, sizes, rows);
  };

  const answer = async (
    inputs: NamedTensors,
    outputs: readonly string[],
    how: InferOptions,
  ): Promise<Answer> => {
    if (closed) throw errors.unavailable(name, 'it is being unloaded');
    if (pool.failure) throw errors.unavailable(name, pool.failure.message);
    const answers = await Promise.all(enqueue(piecesOf(inputs), outputs, how));
    const [first] = answers as [Answer];
    if (answers.length === 1) return first;
    return {
      outputs: mergeRows(answers.map((part) => part.outputs)),
      phases: sumOfPhases(answers.map((part) => part.phases)),
    };
  };

  const drainAndClose = async (): Promise<void> => {
    delay = noDelay;
    if (batcher.size > 0 || running > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
        pumpSoon();
      });
    }
    clearTimeout(timer);
    await pool.close();
  };

  pool.onFree(pumpSoon);

  return {
    inputs: pool.inputs,
    outputs: pool.outputs,
    get failure() {
      return closed ? errors.unavailable(name, 'it is being unloaded') : pool.failure;
    },
    get waiting() {
      return batcher.size;
    },
    async infer(inputs, outputs = pool.outputs.map((output) => output.name), how = {}) {
      const begin = clock();
      try {
        const { outputs: results, phases } = await answer(inputs, outputs, how);
        const rows = batches ? (rowsOf(inputs) ?? 1) : 1;
        observer.succeeded(rows, clock() - begin, phases);
        return results;
      } catch (error) {
        observer.failed(failureReasonOf(error), clock() - begin);
        throw error;
      }
    },
    close: () => {
      closed ??= drainAndClose();
      return closed;
    },
  };
}

/** What all pieces of a request have cost; it waited until the first of them ran. */
const sumOfPhases = ([first, ...others]: readonly Phases[]): Phases =>
  others.reduce(
    (sum, { input, infer, output }) => ({
      queue: sum.queue,
      input: sum.input + input,
      infer: sum.infer + infer,
      output: sum.output + output,
    }),
    first as Phases,
  );

const ownsBuffers = (tensors: NamedTensors): boolean => {
  for (const { data } of tensors.values()) {
    if (ArrayBuffer.isView(data) && data.byteLength !== data.buffer.byteLength) return false;
  }
  return true;
};
