import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { isReady, loadModel, warmUp } from '../../src/serve/model.ts';
import { classifierMetadata, classifierModel, identityModel, linearModel, testFolder } from './onnx.ts';

const load = async (bytes: Uint8Array | string) => {
  const folder = await testFolder({ 'm.onnx': bytes });
  return loadModel({ name: 'm', version: '1', path: join(folder, 'm.onnx') }, 1);
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
    expect(await warmUp(model)).toBeUndefined();
    await model.session.close();
  }
});

it('survives a warm-up that the model does not take', async () => {
  // The file says that any number of features will do, but only three will.
  const model = await load(linearModel('features'));
  expect(await warmUp(model)).toMatchObject({ message: expect.stringContaining('MatMul') });
  expect(isReady(model)).toBe(true);
  await model.session.close();
  expect(isReady(model)).toBe(false);
});

it('refuses what is not a model, naming the file', async () => {
  const error = await load('not a model').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect(String(error)).toMatch(/m\.onnx: cannot read the model: ./);
});
