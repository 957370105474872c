import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../../src/serve/models/registry.ts';
import { openInstance } from '../../../src/serve/workers/instance.ts';
import { createThreads } from '../../../src/serve/workers/threads.ts';
import { linearModel, makeFolder, removeFolder } from '../onnx.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder({ 'linear.onnx': linearModel(), 'broken.onnx': 'this is not a model' });
});
afterAll(() => removeFolder(folder));

const path = (name: string): string => join(folder, `${name}.onnx`);
const results = ['y'];
const row = () =>
  new Map([['x', { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 0, 2) } as const]]);

describe('worker threads', () => {
  it('hold one session after the other, and one that could not be loaded in between', async () => {
    const threads = createThreads(1);
    const worker = threads.take();
    await threads.giveBack(worker);
    for (let i = 0; i < 3; i++) {
      const instance = await openInstance({ path: path('linear') }, threads);
      const { outputs } = await instance.run(row(), results);
      expect(outputs.get('y')?.data).toEqual(Float32Array.of(11, 14));
      await instance.close();
      await expect(openInstance({ path: path('broken') }, threads)).rejects.toThrow('cannot load');
      expect(threads.take()).toBe(worker);
      await threads.giveBack(worker);
    }
    expect(worker.listenerCount('message')).toBe(0);
    await threads.close();
    expect(worker.threadId).toBe(-1);
  });

  it('end where there are enough, and after closing', async () => {
    const threads = createThreads(1);
    const [first, second, third] = [threads.take(), threads.take(), threads.take()];
    await threads.giveBack(first);
    await threads.giveBack(second);
    expect([first, second].map(({ threadId }) => threadId > 0)).toEqual([true, false]);
    await threads.close();
    await threads.giveBack(third);
    expect([first, third].map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  it('are as many after fifty loads of a model as after the first two', async () => {
    /** Threads are numbered in the order of their starts. */
    const started = async (): Promise<number> => {
      const worker = new Worker('', { eval: true });
      const { threadId } = worker;
      await worker.terminate();
      return threadId;
    };
    const before = await started();
    const registry = await openRegistry(path('linear'), { defaults: { instances: 1, threads: 1 } });
    for (let i = 0; i < 50; i++) {
      const [model] = registry.models();
      await registry.load('linear');
      // What was replaced is gone, and its thread idle.
      await model?.session.close();
    }
    await registry.close();
    expect((await started()) - before - 1).toBe(2);
  });

  it('are not used again once they have ended by themselves', async () => {
    const threads = createThreads(2);
    const worker = threads.take();
    await threads.giveBack(worker);
    await worker.terminate();
    const other = threads.take();
    expect(other).not.toBe(worker);
    await threads.giveBack(other);
    await threads.close();
  });
});
