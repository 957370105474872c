/** One onnxruntime session in a worker thread of its own, seen from the main thread. */

import type { Worker } from 'node:worker_threads';
import { FailureError, InputError, messageOf } from '../../errors.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import { buffersOf, type Command, type InstanceOptions, type Report, type Run } from './messages.ts';
import { createThreads, type Threads } from './threads.ts';

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
  /** Calls back when the session has ended: closed, or lost with its worker. */
  onEnd(listener: () => void): void;
  /** Takes no further runs, waits for those in progress and releases the model. Can be called twice. */
  close(): Promise<void>;
}

/**
 * Loads a model file in a worker thread.
 *
 * @param threads where the thread comes from, and goes when the instance is closed; by default it is a new one, and ends
 * @throws InputError if onnxruntime cannot load the model
 */
export async function openInstance(
  options: InstanceOptions,
  threads: Threads = createThreads(0),
): Promise<Instance> {
  try {
    return await workerInstance(threads.take(), options, threads.giveBack);
  } catch (error) {
    throw new InputError(`${options.path}: onnxruntime cannot load the model: ${messageOf(error)}`);
  }
}

interface Waiting {
  readonly resolve: (run: Run) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * The instance behind a worker that speaks the language of `messages.ts`, once it reports that it is ready.
 *
 * @param giveBack takes the worker when it holds no session any more
 */
export function workerInstance(
  worker: Worker,
  options: InstanceOptions,
  giveBack: Threads['giveBack'],
): Promise<Instance> {
  const waiting = new Map<number, Waiting>();
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
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

  const run = (inputs: NamedTensors, outputs: readonly string[]): Promise<Run> =>
    new Promise((resolve, reject) => {
      if (failure) throw failure;
      const id = count++;
      send({ kind: 'run', id, inputs, outputs }, buffersOf(inputs));
      waiting.set(id, { resolve, reject });
    });

  const drainAndRelease = async (): Promise<void> => {
    failure ??= new FailureError('the session is closed');
    if (waiting.size > 0) {
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    }
    send({ kind: 'release' });
    await ended;
  };

  const instanceOf = ({ inputs, outputs }: Extract<Report, { kind: 'ready' }>): Instance => ({
    inputs,
    outputs,
    get failure() {
      return failure;
    },
    run,
    onEnd: (listener) => void ended.then(listener),
    close: () => {
      closed ??= drainAndRelease();
      return closed;
    },
  });

  return new Promise((resolve, reject) => {
    // Rejecting after the worker was ready changes nothing: the promise is settled then.
    const crash = (reason: string): void => {
      const error = new CrashError(reason);
      failure ??= error;
      for (const id of [...waiting.keys()]) settle(id, (request) => request.reject(error));
      reject(error);
    };
    const onError = (error: unknown): void => crash(messageOf(error));
    const onExit = (code: number): void => {
      crash(`the worker thread ended with exit code ${code}`);
      end();
    };
    const leave = async (): Promise<void> => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      await giveBack(worker);
    };
    const onMessage = (report: Report): void => {
      if (report.kind === 'ready') resolve(instanceOf(report));
      else if (report.kind === 'unloadable') void leave().then(() => reject(new Error(report.reason)));
      else if (report.kind === 'released') void leave().then(end);
      else if (report.kind === 'done') settle(report.id, (request) => request.resolve(report.run));
      else settle(report.id, (request) => request.reject(new FailureError(report.reason)));
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    send({ kind: 'load', options });
  });
}
