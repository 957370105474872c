import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { FailureError, InputError, messageOf } from '../errors.ts';
import { buffersOf, type Command, type Report, type SessionOptions } from './messages.ts';
import type { NamedTensors, TensorSignature } from './tensor.ts';

/** A loaded model that answers inferences. What stands between requests and a model (a batcher, a pool) is one, too. */
export interface Session {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Why the session cannot run any more, if it cannot. */
  readonly failure: Error | undefined;
  /**
   * Runs the model. The inputs' buffers are handed over: their arrays are empty afterwards.
   * @param outputs the names of the outputs to compute; by default all
   * @throws {FailureError} with the reason, when the run or the session fails
   */
  infer(inputs: NamedTensors, outputs?: readonly string[]): Promise<NamedTensors>;
  /** Takes no further inferences, waits for those in progress and releases the model. Can be called twice. */
  close(): Promise<void>;
}

/** Loads a model file in a worker thread of its own. Throws an {@link InputError} if onnxruntime cannot load it. */
export async function openSession(options: SessionOptions): Promise<Session> {
  // The compiled file, also for tests that run from the sources: a worker thread loads plain JavaScript only.
  const script = createRequire(import.meta.url).resolve('#session-worker');
  try {
    return await workerSession(new Worker(script, { workerData: options }));
  } catch (error) {
    throw new InputError(`${options.path}: onnxruntime cannot load the model: ${messageOf(error)}`);
  }
}

interface Waiting {
  readonly resolve: (outputs: NamedTensors) => void;
  readonly reject: (reason: Error) => void;
}

/** The session behind a worker that speaks the language of `messages.ts`, once it reports that it is ready. */
export function workerSession(worker: Worker): Promise<Session> {
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

  const infer = (inputs: NamedTensors, outputs: readonly string[]): Promise<NamedTensors> =>
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

  const sessionOf = ({ inputs, outputs }: Extract<Report, { kind: 'ready' }>): Session => ({
    inputs,
    outputs,
    get failure() {
      return failure;
    },
    infer: (tensors, names = outputs.map(({ name }) => name)) => infer(tensors, names),
    close: () => {
      closed ??= drainAndExit();
      return closed;
    },
  });

  return new Promise((resolve, reject) => {
    // Rejecting after the worker was ready changes nothing: the promise is settled then.
    const end = (reason: string): void => {
      const error = new FailureError(reason);
      fail(error);
      reject(error);
    };
    worker.on('error', (error) => end(messageOf(error)));
    worker.on('exit', (code) => end(`the worker thread ended with exit code ${code}`));
    worker.on('message', (report: Report) => {
      if (report.kind === 'ready') resolve(sessionOf(report));
      else if (report.kind === 'done') settle(report.id, (request) => request.resolve(report.outputs));
      else settle(report.id, (request) => request.reject(new FailureError(report.reason)));
    });
  });
}
