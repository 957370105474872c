import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { configDefaults, type ModelConfig } from '../../../src/serve/models/config.ts';
import { isReady, loadModel, type Model } from '../../../src/serve/models/model.ts';
import { classifierMetadata, classifierModel, identityModel, linearModel, testFolder } from '../onnx.ts';

const load = async (
  bytes: Uint8Array | string,
  config: Partial<ModelConfig> = {},
): Promise<Model & { warnings: string[] }> => {
  const folder = await testFolder({ 'm.onnx': bytes });
  const file = { name: 'm', version: '1', path: join(folder, 'm.onnx') };
  const warnings: string[] = [];
  const model = await loadModel(
    file,
    { ...configDefaults, threads: 1, ...config },
    {
      warn: (message) => warnings.push(message),
    },
  );
  return { ...model, warnings };
};

it("reads our models' metadata, and none from others", async () => {
  const ours = await load(classifierModel(1));
  expect(ours.metadata).toEqual(classifierMetadata(1, ['class 0', 'class 1', 'class 2', 'class 3']));
  const other = await load(linearModel());
  expect(other.metadata).toEqual({});
  await Promise.all([ours.session.close(), other.session.close()]);
});

it('warms up models of numbers and of strings', async () => {
  for (const model of [await load(linearModel()), await load(identityModel('string'))]) {
    expect(model.warnings).toEqual([]);
    expect(model.batching.maxRows).toBe(32);
    await model.session.close();
  }
});

it('survives a warm-up that the model does not take, and says how to configure it', async () => {
  // The file says that any number of features will do, but only three will.
  const model = await load(linearModel('features'));
  expect(model.warnings).toEqual([
    expect.stringMatching(
      /^model m\/1: warming up failed \(warm_up of config.json sets the shapes\): .*MatMul/,
    ),
    expect.stringMatching(/requests are not batched: a trial failed/),
  ]);
  expect(isReady(model)).toBe(true);
  await model.session.close();
  expect(isReady(model)).toBe(false);
  const configured = await load(linearModel('features'), { warmUp: { x: [1, 3] } });
  expect(configured.warnings).toEqual([]);
  expect(configured.batching.maxRows).toBe(32);
  await configured.session.close();
});

it.runIf(process.platform === 'linux')(
  'refuses a device that cannot be used, with what mends it',
  async () => {
    process.env.VK_ICD_FILENAMES = '/nowhere.json';
    process.env.VK_DRIVER_FILES = '/nowhere.json';
    await expect(load(linearModel(), { device: 'webgpu' })).rejects.toThrow(
      /m\.onnx: the device webgpu cannot be used here:\n- .*\n {2}→ apt-get install/,
    );
  },
);

it('refuses what is not a model, naming the file', async () => {
  const error = await load('not a model').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect(String(error)).toMatch(/m\.onnx: cannot read the model: ./);
});

it.each([
  [{ warmUp: { z: [1] } }, /m\.onnx: .*warm_up: expected names among x, got z/],
  [{ warmUp: { x: [1, 4] } }, /m\.onnx: .*warm_up: x: expected a shape \[batch, 3\], got \[1, 4\]/],
])('refuses the configuration %j', async (config, message) => {
  await expect(load(linearModel(), config)).rejects.toThrow(message);
});
