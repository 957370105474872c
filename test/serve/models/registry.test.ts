/** Changes of the repository and calls that cross each other. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRegistry } from '../../../src/serve/models/registry.ts';
import { linearModel, makeFolder, removeFolder } from '../onnx.ts';

it('keeps a model that comes back while a poll unloads it', async () => {
  const folder = await makeFolder({ 'models/linear/1/model.onnx': linearModel() });
  const models = join(folder, 'models');
  const registry = await openRegistry(models, { defaults: { threads: 1, instances: 1 }, polls: true });
  await mkdir(join(folder, 'away'));
  await rename(join(models, 'linear'), join(folder, 'away', 'linear'));
  await registry.poll();

  let answered = (): void => {};
  const request = registry.using(
    registry.find('linear'),
    () =>
      new Promise<void>((resolve) => {
        answered = resolve;
      }),
  );
  const polled = registry.poll();
  await expect.poll(() => registry.index()).toMatchObject([{ state: 'UNLOADING' }]);
  await rename(join(folder, 'away', 'linear'), join(models, 'linear'));
  const loaded = registry.load('linear');
  // The load has found the model and waits for the one before it to be released.
  await new Promise((resolve) => setTimeout(resolve, 100));
  answered();
  await Promise.all([request, polled, loaded]);

  expect(registry.find('linear')).toMatchObject({ name: 'linear', version: '1' });
  expect(await registry.index()).toMatchObject([{ name: 'linear', state: 'READY' }]);
  await registry.close();
  await removeFolder(folder);
});

it('loads and polls what can be, whatever is wrong with another', async () => {
  const folder = await makeFolder({
    'outside.onnx': linearModel(),
    'models/linear/1/model.onnx': linearModel(),
  });
  const models = join(folder, 'models');
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const registry = await openRegistry(models, { defaults: { threads: 1, instances: 1 }, warn });
  await symlink('loop', join(models, 'loop'));
  for (const name of ['bad/1', 'stats/1', 'other/1']) await mkdir(join(models, name), { recursive: true });
  await symlink(join(folder, 'outside.onnx'), join(models, 'bad/1/model.onnx'));
  for (const name of ['stats', 'other']) await writeFile(join(models, name, '1/model.onnx'), linearModel());

  await registry.load('linear');
  await expect(registry.load('bad')).rejects.toThrow(/"bad" cannot be loaded: .*leads out of the repository/);
  await expect(registry.load('loop')).rejects.toThrow(/"loop" cannot be loaded: .*ELOOP/);
  await expect(registry.load('stats')).rejects.toThrow(/"stats" cannot be loaded: .*reserves the name/);
  for (let i = 0; i < 3; i++) await registry.poll();
  expect(registry.find('other').version).toBe('1');
  expect(warnings.toSorted()).toEqual([
    expect.stringMatching(/model bad cannot be loaded: .*leads out/),
    expect.stringMatching(/model loop cannot be loaded: .*ELOOP/),
    expect.stringMatching(/model stats cannot be loaded: .*reserves/),
  ]);
  // What was loaded stays when its folder can be read no more.
  await rm(join(models, 'linear'), { recursive: true });
  await symlink('linear', join(models, 'linear'));
  for (let i = 0; i < 3; i++) await registry.poll();
  expect(registry.find('linear').version).toBe('1');
  await registry.close();
  await removeFolder(folder);
});

it('begins with what can be loaded where it will look again', async () => {
  const folder = await makeFolder({
    'good/1/model.onnx': linearModel(),
    'bad/1/model.onnx': linearModel().subarray(0, 100),
  });
  await expect(openRegistry(folder)).rejects.toThrow(/bad\/1\/model.onnx: cannot read the model/);
  const said: string[] = [];
  const tell = (kind: string) => (message: string) => said.push(`${kind}: ${message}`);
  const registry = await openRegistry(folder, { warn: tell('warn'), info: tell('info'), polls: true });
  expect(registry.find('good').version).toBe('1');
  expect(() => registry.find('bad')).toThrow(/cannot read the model/);
  expect(registry.isReady()).toBe(true);
  await writeFile(join(folder, 'bad/1/model.onnx'), linearModel());
  for (let i = 0; i < 2; i++) await registry.poll();
  expect(registry.find('bad').version).toBe('1');
  await rm(join(folder, 'good'), { recursive: true });
  for (let i = 0; i < 2; i++) await registry.poll();
  expect(said.toSorted()).toEqual([
    'info: model bad: 1 loaded',
    'info: model good: 1 loaded',
    expect.stringMatching(/^warn: model bad could not be loaded: .*cannot read the model/),
    'warn: model good is unloaded: it is not in the repository any more',
  ]);
  await registry.close();
  await removeFolder(folder);
});

it.each([
  ['{"warm_up": {"z": [1]}}', 'warm_up: expected names among x, got z'],
  ['{"image": {"channels": 3, "height": 2, "width": 2}}', 'image: the model cannot classify such images: '],
])('says that config.json does not fit the model: %s', async (config, message) => {
  const folder = await makeFolder({ 'm/1/model.onnx': linearModel(), 'm/config.json': config });
  const error: unknown = await openRegistry(folder).catch((reason: unknown) => reason);
  expect(String(error)).toContain(`InputError: ${join(folder, 'm/config.json')}: ${message}`);
  await removeFolder(folder);
});
