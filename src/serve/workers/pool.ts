/** Several instances of one model. One that crashes is replaced; what it ran is lost, what waits is not. */

import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import type { Instance } from './instance.ts';
import type { Run } from './messages.ts';

export interface Pool {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Why nothing can be run any more: no instance is left and none could be opened in its place. */
  readonly failure: Error | undefined;
  /** How many instances there are. */
  readonly size: number;
  /** How many runs could be in hand, running or next, if all instances were free. */
  readonly capacity: number;
  /** How many runs could begin at once. */
  readonly free: number;
  /** How many more could be handed to instances that run, to begin as soon as that has ended. */
  readonly ahead: number;
  /** Runs the model on the instance that has the least to do, as soon as one has not {@link depth} runs to do. */
  run(inputs: NamedTensors, outputs: readonly string[]): Promise<Run>;
  /** Calls back whenever an instance has less to do, or none will ever be there. */
  onFree(listener: () => void): void;
  /** Waits for what runs and releases the instances. */
  close(): Promise<void>;
}

/** Runs that an instance may have in hand: one that it runs, and the next one, so that it need not wait for that. */
const depth = 2;

/** What is said of crashes and replacements. */
export type Warn = (message: string) => void;

/** Milliseconds to wait before each attempt to replace an instance. */
const attempts: readonly number[] = [0, 500, 2_000, 5_000];

/**
 * Opens a pool.
 *
 * @param open opens an instance, ready to run at full speed
 * @throws what `open` throws, the other instances closed
 */
export async function openPool(
  open: () => Promise<Instance>,
  size: number,
  warn: Warn,
  pauses = attempts,
): Promise<Pool> {
  const results = await Promise.allSettled(Array.from({ length: size }, open));
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed || !opened[0]) {
    await Promise.all(opened.map((instance) => instance.close()));
    throw failed?.reason ?? new Error('a pool needs an instance');
  }

  const { inputs, outputs } = opened[0];
  /** Instances, and the runs that each has in hand. */
  const instances = new Map<Instance, number>();
  const queue: { resolve: (instance: Instance) => void; reject: (error: Error) => void }[] = [];
  const listeners: (() => void)[] = [];
  const closing = new AbortController();
  let replacing = Promise.resolve();
  let failure: Error | undefined;

  const countAt = (runs: number): number => {
    let count = 0;
    for (const [instance, own] of instances) if (own === runs && !instance.failure) count += 1;
    return count;
  };

  /** The instance that has the least to do, with one run more in hand. */
  const take = (): Instance | undefined => {
    let [best, least]: [Instance | undefined, number] = [undefined, depth];
    for (const [instance, runs] of instances) {
      if (runs < least && !instance.failure) [best, least] = [instance, runs];
    }
    if (best) instances.set(best, least + 1);
    return best;
  };

  /** Something has become free: for who has waited longest, else for whoever listens. */
  const offer = (): void => {
    const next = queue.shift();
    const instance = next && take();
    if (next && instance) next.resolve(instance);
    else {
      if (next) queue.unshift(next);
      for (const listener of listeners) listener();
    }
  };

  const fail = (error: Error): void => {
    failure = error;
    for (const { reject } of queue.splice(0)) reject(error);
    for (const listener of listeners) listener();
  };

  const replace = async (): Promise<void> => {
    let reason: unknown;
    for (const pause of pauses) {
      try {
        await sleep(pause, undefined, { signal: closing.signal });
        const instance = await open();
        if (closing.signal.aborted) return await instance.close();
        return admit(instance);
      } catch (error) {
        if (closing.signal.aborted) return;
        reason = error;
        warn(`a crashed instance could not be replaced: ${messageOf(error)}`);
      }
    }
    if (instances.size === 0) fail(new Error(`its instances crashed and ${messageOf(reason)}`));
  };

  const admit = (instance: Instance): void => {
    instances.set(instance, 0);
    instance.onEnd(() => {
      instances.delete(instance);
      if (closing.signal.aborted) return;
      warn(`an instance crashed: ${instance.failure?.message ?? 'no reason given'}; it is being replaced`);
      // One after the other: loading is heavy, and what is left is to go on serving.
      replacing = replacing.then(replace);
    });
    for (let runs = 0; runs < depth; runs++) offer();
  };

  const waitFor = (): Promise<Instance> => {
    const instance = take();
    if (instance) return Promise.resolve(instance);
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => queue.push({ resolve, reject }));
  };

  opened.forEach(admit);

  return {
    inputs,
    outputs,
    get failure() {
      return failure;
    },
    get size() {
      return instances.size;
    },
    get capacity() {
      return depth * instances.size;
    },
    get free() {
      return countAt(0);
    },
    get ahead() {
      return countAt(1);
    },
    async run(tensors, names) {
      const instance = await waitFor();
      try {
        return await instance.run(tensors, names);
      } finally {
        const runs = instances.get(instance);
        if (runs !== undefined) instances.set(instance, runs - 1);
        if (!instance.failure) offer();
      }
    },
    onFree: (listener) => void listeners.push(listener),
    async close() {
      closing.abort();
      await replacing;
      await Promise.all([...instances.keys()].map((instance) => instance.close()));
      fail(new Error('it is closed'));
    },
  };
}
