/** One onnxruntime session in a worker thread of its own, seen from the main thread. */

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { FailureError, InputError, messageOf } from '../../errors.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import { buffersOf, type Command, type InstanceOptions, type Report, type Run } from './messages.ts';

/** The worker has ended while it was to run; whatever it ran is lost. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** A loaded model that runs one batch after the other. */
export interface Instance {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Why the instance cannot run any more, if it cannot. */
  readonly failure: Error | undefined;
  /**
   * Runs the model. The inputs' buffers are handed over: their arrays are empty afterwards.
   * @throws FailureError with the reason where the run fails, {@link CrashError} where the worker does
   */
  run(inputs: NamedTensors, outputs: readonly string[]): Promise<Run>;
  /** Calls back when the worker has ended, however it came to that. */
  onEnd(listener: () => void): void;
  /** Takes no further runs, waits for those in progress and releases the model. Can be called twice. */
  close(): Promise<void>;
}

/** Loads a model file in a worker thread. Throws an {@link InputError} if onnxruntime cannot load it. */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  // The compiled file, also for tests that run from the sources: a worker thread loads plain JavaScript only.
  const script = createRequire(import.meta.url).resolve('#session-worker');
  try {
    return await workerInstance(new Worker(script, { workerData: options }));
  } catch (error) {
    throw new InputError(`${options.path}: onnxruntime cannot load the model: ${messageOf(error)}`);
  }
}

interface Waiting {
  readonly resolve: (run: Run) => void;
  readonly reject: (reason: Error) => void;
}

/** The instance behind a worker that speaks the language of `messages.ts`, once it reports that it is ready. */
export function workerInstance(worker: Worker): Promise<Instance> {
  const waiting = new Map<number, Waiting>();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let failure: Error | undefined;
  let closed: Promise<void> | undefined;
  let drained: (() => void) | undefined;
  let count = 0;

  const send = (command: Command, buffers: ArrayBuffer[] = []): void => worker.postMessage(command, buffers);

  const settle = (id: number, how: (request: Waiting) => void): void => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (request) how(request);
    if (waiting.size === 0) drained?.();
  };

  const fail = (error: Error): void => {
    failure ??= error;
    for (const id of [...waiting.keys()]) settle(id, ({ reject }) => reject(error));
  };

  const run = (inputs: NamedTensors, outputs: readonly string[]): Promise<Run> =>
    new Promise((resolve, reject) => {
      if (failure) throw failure;
      const id = count++;
      send({ kind: 'run', id, inputs, outputs }, buffersOf(inputs));
      waiting.set(id, { resolve, reject });
    });

  const drainAndExit = async (): Promise<void> => {
    failure ??= new FailureError('the session is closed');
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    send({ kind: 'close' });
    await exited;
  };

  const instanceOf = ({ inputs, outputs }: Extract<Report, { kind: 'ready' }>): Instance => ({
    inputs,
    outputs,
    get failure() {
      return failure;
    },
    run,
    onEnd: (listener) => void exited.then(listener),
    close: () => {
      closed ??= drainAndExit();
      return closed;
    },
  });

  return new Promise((resolve, reject) => {
    // Rejecting after the worker was ready changes nothing: the promise is settled then.
    const end = (reason: string): void => {
      const error = new CrashError(reason);
      fail(error);
      reject(error);
    };
    worker.on('error', (error) => end(messageOf(error)));
    worker.on('exit', (code) => end(`the worker thread ended with exit code ${code}`));
    worker.on('message', (report: Report) => {
      if (report.kind === 'ready') resolve(instanceOf(report));
      else if (report.kind === 'done') settle(report.id, (request) => request.resolve(report.run));
      else settle(report.id, (request) => request.reject(new FailureError(report.reason)));
    });
  });
}
