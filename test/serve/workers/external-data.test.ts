/** Weights in files of their own, which somebody writes to while the model is served. */
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDefaults } from '../../../src/serve/models/config.ts';
import { loadModel } from '../../../src/serve/models/model.ts';
import { readExternalData } from '../../../src/serve/workers/external-data.ts';
import { externalModel, testFolder } from '../onnx.ts';

const table = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('a file of weights beside a model', () => {
  it('may be overwritten and cut: the model keeps what it has loaded', async () => {
    const folder = await testFolder({ 'model.onnx': externalModel('weights'), weights: table(1, 2, 3) });
    const file = { name: 'model', version: '1', path: join(folder, 'model.onnx') };
    const model = await loadModel(file, { ...configDefaults, threads: 1 }, { warn: () => {} });
    const ask = async (): Promise<unknown> => {
      const data = BigInt64Array.of(2n);
      const answer = await model.session.infer(new Map([['x', { dtype: 'int64', shape: [1, 1], data }]]));
      return answer.get('y')?.data;
    };
    expect(await ask()).toEqual(Float32Array.of(3));
    writeFileSync(join(folder, 'weights'), table(4, 5, 6));
    expect(await ask()).toEqual(Float32Array.of(3));
    truncateSync(join(folder, 'weights'));
    expect(await ask()).toEqual(Float32Array.of(3));
    await model.session.close();
  });

  it('is read within the folder alone: what else the model names onnxruntime is to judge', async () => {
    const folder = await testFolder({
      'model/model.onnx': externalModel('weights'),
      'model/weights': table(1, 2, 3),
      outside: table(7, 8, 9),
    });
    symlinkSync(join(folder, 'outside'), join(folder, 'model/link'));
    const model = join(folder, 'model/model.onnx');
    const read = readExternalData(model, [
      'weights',
      '../outside',
      join(folder, 'outside'),
      'link',
      'missing',
    ]);
    expect(read.map(({ path, data }) => [path, Uint8Array.from(data)])).toEqual([
      ['weights', table(1, 2, 3)],
    ]);
    writeFileSync(model, externalModel('../outside'));
    const file = { name: 'model', version: '1', path: model };
    await expect(loadModel(file, configDefaults, { warn: () => {} })).rejects.toThrow(/outside/);
  });
});
