/** Changes of the repository and calls that cross each other. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openRegistry } from '../../../src/serve/models/registry.ts';
import { linearModel, makeFolder, removeFolder } from '../onnx.ts';

it('keeps a model that comes back while a poll unloads it', async () => {
  const folder = await makeFolder({ 'models/linear/1/model.onnx': linearModel() });
  const models = join(folder, 'models');
  const registry = await openRegistry(models, { defaults: { threads: 1, instances: 1 }, mayBeEmpty: true });
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
  expect(registry.index()).toMatchObject([{ name: 'linear', state: 'READY' }]);
  await registry.close();
  await removeFolder(folder);
});
