import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Dimension } from '../../../src/onnx/ir.ts';
import { InferenceSession, Tensor as OrtTensor } from '../../../src/runtime.ts';
import { batchingOf } from '../../../src/serve/models/batching.ts';
import { configDefaults, type ModelConfig } from '../../../src/serve/models/config.ts';
import { loadModel, type Model } from '../../../src/serve/models/model.ts';
import type { NamedTensors, TensorSignature } from '../../../src/serve/tensor.ts';
import {
  crowdedModel,
  cumulativeModel,
  fixedModel,
  gatherModel,
  identityModel,
  linearModel,
  pairModel,
  quantizedModel,
  testFolder,
} from '../onnx.ts';

const ports = (...shapes: (readonly Dimension[])[]): TensorSignature[] =>
  shapes.map((shape, i) => ({ name: `t${i}`, dtype: 'float32', shape }));
const signature = (inputs: (readonly Dimension[])[], outputs: (readonly Dimension[])[]) => ({
  inputs: ports(...inputs),
  outputs: ports(...outputs),
});

describe('batchingOf', () => {
  const guess = { maxRows: 32, padTo: 0, guessed: true };
  const none = { maxRows: 0, padTo: 0, guessed: false };

  it.each([
    ['an open dimension of one name', signature([['N', 3], ['N']], [['N', 2]]), guess],
    ['an open dimension without a name, one input', signature([['?', 3]], [['?']]), guess],
    ['no name, two inputs', signature([['?'], ['?']], [['?']]), none],
    ['several names, two inputs', signature([['n'], ['m']], [['k']]), none],
    ['a fixed dimension', signature([[1, 3]], [[1, 2]]), none],
    ['a scalar among the outputs', signature([['N']], [[]]), none],
    ['an open input and a fixed output', signature([['N', 3]], [[1]]), none],
  ])('guesses by %s', (_, model, expected) => {
    expect(batchingOf(model, undefined)).toEqual(expected);
  });

  it('takes a size where nothing is configured, and 0 for none', () => {
    const open = signature([['N', 3]], [['N', 2]]);
    expect(batchingOf(open, undefined, 5)).toEqual({ maxRows: 5, padTo: 0, guessed: true });
    expect(batchingOf(open, undefined, 0)).toEqual(none);
    expect(batchingOf(open, 0)).toEqual(none);
  });

  it('does what is configured, or says why it cannot', () => {
    expect(batchingOf(signature([['n'], ['m']], [['k']]), 7)).toEqual({
      maxRows: 7,
      padTo: 0,
      guessed: false,
    });
    expect(batchingOf(signature([[4, 3]], [[4, 2]]), 4)).toEqual({ maxRows: 4, padTo: 4, guessed: false });
    expect(() => batchingOf(signature([[4, 3]], [[4, 2]]), 8)).toThrow(
      /max_batch_size 8: expected first dimensions that are open, or 8, .* t0 \[4, 3\], t0 \[4, 2\]/,
    );
    expect(() => batchingOf(signature([['N', 3]], [[]]), 8)).toThrow(/max_batch_size 8/);
  });
});

const load = async (
  bytes: Uint8Array,
  config: Partial<ModelConfig> = {},
  usualBatchSize?: number,
): Promise<Model & { warnings: string[]; path: string }> => {
  const folder = await testFolder({ 'm.onnx': bytes });
  const path = join(folder, 'm.onnx');
  const warnings: string[] = [];
  const model = await loadModel(
    { name: 'm', version: '1', path },
    { ...configDefaults, threads: 1, ...config },
    { warn: (message) => warnings.push(message), usualBatchSize },
  );
  return { ...model, warnings, path };
};
const x = (shape: number[], values: number[]): NamedTensors =>
  new Map([['x', { dtype: 'float32', shape, data: Float32Array.from(values) }]]);
const values = (results: NamedTensors, name = 'y') => [...((results.get(name)?.data ?? []) as Float32Array)];

describe('a trial', () => {
  it('lets no model be batched whose rows depend on one another', async () => {
    const model = await load(cumulativeModel());
    expect(model.batching.maxRows).toBe(0);
    expect(model.warnings).toEqual([
      expect.stringMatching(/not batched: its output y differs when requests run together/),
    ]);
    const answers = await Promise.all([1, 2, 3].map((value) => model.session.infer(x([2, 1], [value, 1]))));
    expect(answers.map((answer) => values(answer))).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    await model.session.close();
  });

  it('need not find out what an operator says: in 8 bits rows share a scale', async () => {
    const model = await load(quantizedModel());
    expect(model.batching.maxRows).toBe(0);
    expect(model.warnings).toEqual([
      expect.stringMatching(
        /not batched: its DynamicQuantizeLinear scales each row by all that run together/,
      ),
    ]);
    const ask = (scale: number) => model.session.infer(x([1, 4], [0, scale, 2 * scale, 3 * scale]));
    const alone = values(await ask(1));
    const [one] = await Promise.all([ask(1), ask(100), ask(1000)]);
    expect(values(one as NamedTensors)).toEqual(alone);
    await model.session.close();
  });

  it('is not needed for what is configured', async () => {
    const model = await load(cumulativeModel(), { maxBatchSize: 4 });
    expect([model.batching.maxRows, model.warnings]).toEqual([4, []]);
    await model.session.close();
  });
});

describe('the size of batches', () => {
  it('is measured where nobody has said it', async () => {
    const bytes = crowdedModel(32_768);
    const measured = await load(bytes);
    expect(measured.batching.maxRows).toBeLessThan(32);
    expect(measured.warnings).toEqual([]);
    const [usual, configured] = [await load(bytes, {}, 32), await load(bytes, { maxBatchSize: 16 })];
    expect([usual.batching.maxRows, configured.batching.maxRows]).toEqual([32, 16]);
    for (const model of [measured, usual, configured]) {
      expect(model.statistics.executions).toBe(0);
      await model.session.close();
    }
  });
});

describe('batched answers', () => {
  it('are those of the shipped model one by one', async () => {
    const shipped = fileURLToPath(new URL('../../../models/fashion-mnist/1/model.onnx', import.meta.url));
    const model = await load(await readFile(shipped), {}, 32);
    expect(model.batching).toEqual({ maxRows: 32, padTo: 0, guessed: true });
    const images = Array.from({ length: 40 }, (_, i) =>
      Float32Array.from({ length: 784 }, (_unused, at) => Math.abs(Math.sin(i * 784 + at))),
    );
    const answers = await Promise.all(
      images.map((data) =>
        model.session.infer(
          new Map([['image', { dtype: 'float32', shape: [1, 1, 28, 28], data: data.slice() }]]),
        ),
      ),
    );
    const together = Math.max(...model.statistics.batches.keys());
    expect(together).toBe(32);
    const session = await InferenceSession.create(shipped, { intraOpNumThreads: 1 });
    for (const [i, data] of images.entries()) {
      const { logits } = await session.run({ image: new OrtTensor('float32', data, [1, 1, 28, 28]) });
      const alone = [...((logits?.data ?? []) as Float32Array)];
      values(answers[i] as NamedTensors, 'logits').forEach((value, at) => {
        expect(Math.abs(value - (alone[at] ?? Number.NaN))).toBeLessThan(1e-5);
      });
    }
    await session.release();
    await model.session.close();
  });

  it('are those of a model of fixed batch, filled up', async () => {
    const model = await load(fixedModel(4), { maxBatchSize: 4 });
    expect(model.signature.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 3] }]);
    const sizes = [1, 3, 2, 4, 5, 9];
    const answers = await Promise.all(
      sizes.map((rows, i) =>
        model.session.infer(
          x(
            [rows, 3],
            Array.from({ length: rows * 3 }, (_, at) => (at % 3 === 0 ? i : 0)),
          ),
        ),
      ),
    );
    sizes.forEach((rows, i) => {
      const { shape } = answers[i]?.get('y') ?? {};
      expect(shape).toEqual([rows, 2]);
      expect(values(answers[i] as NamedTensors)).toEqual(
        Array.from({ length: rows }, () => [i, 2 * i]).flat(),
      );
    });
    await model.session.close();
  });

  it('of requests whose rows have other shapes are not mixed', async () => {
    const model = await load(identityModel('float32', ['batch', 'length']));
    const answers = await Promise.all(
      [2, 3, 2, 1, 3].map((length, i) =>
        model.session.infer(
          x(
            [1, length],
            Array.from({ length }, () => i),
          ),
        ),
      ),
    );
    expect(answers.map((answer) => values(answer))).toEqual([[0, 0], [1, 1, 1], [2, 2], [3], [4, 4, 4]]);
    expect(model.statistics.executions).toBe(3);
    await model.session.close();
  });

  it('may have rows without elements, as a cache has at first', async () => {
    const model = await load(identityModel('float32', ['batch', 'length', 2]));
    const lengths = [0, 1, 0];
    const answers = await Promise.all(
      lengths.map((length) => model.session.infer(x([1, length, 2], Array<number>(2 * length).fill(7)))),
    );
    expect(answers.map((answer) => answer.get('y')?.shape)).toEqual(lengths.map((length) => [1, length, 2]));
    expect(answers.map((answer) => values(answer))).toEqual([[], [7, 7], []]);
    await model.session.close();
  });

  it('fail alone where one request is wrong', async () => {
    const model = await load(gatherModel());
    const ask = (index: number) =>
      model.session.infer(
        new Map([['x', { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(BigInt(index)) }]]),
      );
    const outcomes = await Promise.allSettled([ask(0), ask(99), ask(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const [first, wrong, last] = outcomes as [
      PromiseFulfilledResult<NamedTensors>,
      PromiseRejectedResult,
      PromiseFulfilledResult<NamedTensors>,
    ];
    expect([values(first.value), values(last.value)]).toEqual([[10], [30]]);
    expect(wrong.reason).toMatchObject({
      status: 500,
      message: expect.stringMatching(/^model m failed to run: .*99/s),
    });
    await model.session.close();
  });

  it('need equal first dimensions', async () => {
    const model = await load(pairModel(), { maxBatchSize: 4 });
    const vector = (...data: number[]) =>
      ({ dtype: 'float32', shape: [data.length], data: Float32Array.from(data) }) as const;
    const uneven = new Map([
      ['a', vector(1, 2)],
      ['b', vector(1)],
    ]);
    await expect(model.session.infer(uneven)).rejects.toThrow(
      /inputs: expected the same first dimension, the batch, in all of them, got a \[2\], b \[1\]/,
    );
    await model.session.close();
  });

  it('come from as many instances as are configured', async () => {
    const model = await load(linearModel(), { instances: 3, maxBatchSize: 2 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => model.session.infer(x([1, 3], [i, 0, 0]))),
    );
    expect(answers.map((answer) => values(answer))).toEqual(Array.from({ length: 60 }, (_, i) => [i, 2 * i]));
    await model.session.close();
  });
});
