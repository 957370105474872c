import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError, InputError } from '../../../src/errors.ts';
import type { NamedTensors, Tensor } from '../../../src/serve/tensor.ts';
import {
  CrashError,
  type Instance,
  openInstance,
  workerInstance,
} from '../../../src/serve/workers/instance.ts';
import { identityModel, linearModel, makeFolder, pairModel, removeFolder, slowModel } from '../onnx.ts';

let folder: string;
const open = (name: string): Promise<Instance> =>
  openInstance({ path: join(folder, `${name}.onnx`), threads: 1 });

beforeAll(async () => {
  folder = await makeFolder({
    'linear.onnx': linearModel(),
    'pair.onnx': pairModel(),
    'slow.onnx': slowModel(),
    'half.onnx': identityModel('float16'),
    'text.onnx': identityModel('string'),
    'broken.onnx': 'this is not a model',
  });
});
afterAll(() => removeFolder(folder));

/** The results of all outputs, or of some. */
const infer = async (instance: Instance, inputs: NamedTensors, outputs?: string[]): Promise<NamedTensors> =>
  (await instance.run(inputs, outputs ?? instance.outputs.map(({ name }) => name))).outputs;

const vector = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const row = (...values: number[]): NamedTensors =>
  new Map([['x', { ...vector(...values), shape: [1, values.length] }]]);

describe('openInstance', () => {
  it('reports the signature and infers', async () => {
    const session = await open('linear');
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 3] }]);
    expect(session.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['batch', 2] }]);
    const results = await infer(session, row(1, 0, 2));
    expect(results).toEqual(
      new Map([['y', { dtype: 'float32', shape: [1, 2], data: Float32Array.of(11, 14) }]]),
    );
    await session.close();
  });

  it('computes only the outputs that are asked for', async () => {
    const session = await open('pair');
    const inputs = (): NamedTensors =>
      new Map([
        ['a', vector(2, 3)],
        ['b', vector(5, 7)],
      ]);
    expect([...(await infer(session, inputs(), ['product'])).keys()]).toEqual(['product']);
    expect([...(await infer(session, inputs())).keys()]).toEqual(['sum', 'product']);
    await session.close();
  });

  it('hands tensors of bits and of strings over unchanged', async () => {
    const half = await open('half');
    const bits: Tensor = { dtype: 'float16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0x7e01) };
    expect((await infer(half, new Map([['x', structuredClone(bits)]]))).get('y')).toEqual(bits);
    const text = await open('text');
    const words: Tensor = { dtype: 'string', shape: [1, 2], data: ['grüß', ''] };
    expect((await infer(text, new Map([['x', words]]))).get('y')).toEqual(words);
    await Promise.all([half.close(), text.close()]);
  });

  it('refuses what onnxruntime cannot load, naming the file', async () => {
    const error = await open('broken').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(/broken\.onnx: onnxruntime cannot load the model: .*Protobuf/);
  });

  it('gives each of many concurrent requests its own answer', async () => {
    const session = await open('linear');
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => (await infer(session, row(i, 0, 0))).get('y')?.data),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, (_, i) => Float32Array.of(i, 2 * i)));
    await session.close();
  });

  it('survives a run that fails', async () => {
    const session = await open('pair');
    const unequal = new Map([
      ['a', vector(1, 2, 3)],
      ['b', vector(1, 2)],
    ]);
    await expect(infer(session, unequal)).rejects.toThrow(/Non-zero status code/);
    expect(session.failure).toBeUndefined();
    const equal = new Map([
      ['a', vector(1)],
      ['b', vector(2)],
    ]);
    expect((await infer(session, equal)).get('sum')?.data).toEqual(Float32Array.of(3));
    await session.close();
  });

  it('keeps the event loop responsive during a run', async () => {
    const session = await open('slow');
    const start = performance.now();
    let last = start;
    let longestPause = 0;
    const timer = setInterval(() => {
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
    }, 5);
    await infer(session, new Map([['x', vector(7)]]));
    clearInterval(timer);
    const duration = performance.now() - start;
    expect(duration).toBeGreaterThan(50);
    expect(longestPause).toBeLessThan(duration / 2);
    await session.close();
  });

  it('closes after what is in progress, refuses what comes later, and closes once', async () => {
    const session = await open('slow');
    const order: string[] = [];
    const runs = [1, 2].map(async (x) => {
      const results = await infer(session, new Map([['x', vector(x)]]));
      order.push(`run ${x}`);
      return results.get('y')?.data;
    });
    const closing = session.close().then(() => order.push('closed'));
    const late = infer(session, new Map([['x', vector(3)]]));
    await expect(late).rejects.toThrow(FailureError);
    expect(await Promise.all(runs)).toEqual([Float32Array.of(1), Float32Array.of(2)]);
    await Promise.all([closing, session.close()]);
    expect(order).toEqual(['run 1', 'run 2', 'closed']);
    expect(session.failure?.message).toBe('the session is closed');
  });
});

describe('workerInstance', () => {
  /** A worker that is ready whenever it is to load something; what it does with other commands is a script. */
  const ready = `const { parentPort } = require('node:worker_threads');
    const ready = { kind: 'ready', inputs: [], outputs: [] };
    const otherwise = (listener) => parentPort.on('message', (m) =>
      m.kind === 'load' ? parentPort.postMessage(ready) : listener(m));`;
  const start = (script: string): Promise<Instance> =>
    workerInstance(new Worker(script, { eval: true }), { path: 'm' }, async () => {});

  it.each([
    ['throws', `otherwise(() => { throw new Error('out of cheese'); });`, 'out of cheese'],
    ['exits', `otherwise(() => process.exit(3));`, 'the worker thread ended with exit code 3'],
  ])('rejects all that is in flight, with the reason, when the worker %s', async (_, script, reason) => {
    const session = await start(ready + script);
    expect(session.failure).toBeUndefined();
    const outcomes = await Promise.allSettled([infer(session, new Map()), infer(session, new Map())]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(CrashError) });
    expect(session.failure?.message).toBe(reason);
    await expect(infer(session, new Map())).rejects.toThrow(reason);
    await session.close();
  });

  it('fails when the worker ends before it is ready', async () => {
    await expect(start('')).rejects.toThrow('the worker thread ended with exit code 0');
  });

  it('hands over a buffer that two inputs share, and leaves nothing behind', async () => {
    const session = await start(
      `${ready} otherwise((m) => m.kind === 'release'
        ? parentPort.postMessage({ kind: 'released' }) + parentPort.close()
        : parentPort.postMessage({ kind: 'done', id: m.id, run: { outputs: m.inputs, milliseconds: 0 } }));`,
    );
    const buffer = Float32Array.of(1, 2).buffer;
    const part = (offset: number): Tensor => ({ ...vector(0), data: new Float32Array(buffer, offset, 1) });
    const echo = await infer(
      session,
      new Map([
        ['a', part(0)],
        ['b', part(4)],
      ]),
    );
    expect([...echo.values()].map(({ data }) => data[0])).toEqual([1, 2]);
    expect(buffer.byteLength).toBe(0);
    await session.close();
  });
});
