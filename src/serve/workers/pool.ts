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
  /** How many runs could begin at once. */
  readonly free: number;
  /** Runs the model as soon as an instance is free. As {@link Instance.run}. */
  run(inputs: NamedTensors, outputs: readonly string[]): Promise<Run>;
  /** Calls back whenever an instance has become free, or none ever will. */
  onFree(listener: () => void): void;
  /** Waits for what runs and releases the instances. */
  close(): Promise<void>;
}

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
  const instances = new Set<Instance>();
  const idle: Instance[] = [];
  const queue: { resolve: (instance: Instance) => void; reject: (error: Error) => void }[] = [];
  const listeners: (() => void)[] = [];
  const closing = new AbortController();
  let replacing = Promise.resolve();
  let failure: Error | undefined;

  const offer = (instance: Instance): void => {
    const next = queue.shift();
    if (next) {
      next.resolve(instance);
      return;
    }
    idle.push(instance);
    for (const listener of listeners) listener();
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
    instances.add(instance);
    instance.onEnd(() => {
      instances.delete(instance);
      const at = idle.indexOf(instance);
      if (at >= 0) idle.splice(at, 1);
      if (closing.signal.aborted) return;
      warn(`an instance crashed: ${instance.failure?.message ?? 'no reason given'}; it is being replaced`);
      // One after the other: loading is heavy, and what is left is to go on serving.
      replacing = replacing.then(replace);
    });
    offer(instance);
  };

  const take = (): Promise<Instance> => {
    let instance = idle.shift();
    while (instance?.failure) instance = idle.shift();
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
    get free() {
      let count = 0;
      for (const instance of idle) if (!instance.failure) count += 1;
      return count;
    },
    async run(tensors, names) {
      const instance = await take();
      try {
        return await instance.run(tensors, names);
      } finally {
        if (!instance.failure) offer(instance);
      }
    },
    onFree: (listener) => void listeners.push(listener),
    async close() {
      closing.abort();
      await replacing;
      await Promise.all([...instances].map((instance) => instance.close()));
      fail(new Error('it is closed'));
    },
  };
}
