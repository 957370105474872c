import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { compareVersions, findModels } from '../../../src/serve/models/repository.ts';
import { testFolder } from '../onnx.ts';

describe('findModels', () => {
  it('finds every version of every model, in order, and nothing else', async () => {
    const folder = await testFolder({
      'b/1/model.onnx': '',
      'a/10/model.onnx': '',
      'a/9/model.onnx': '',
      'a/config.pbtxt': '',
      'a/0/model.onnx': '',
      'a/v2/model.onnx': '',
      'a/3/weights.onnx': '',
      'c/model.onnx': '',
      'c/1/model.onnx/file': '',
      '.hidden/1/model.onnx': '',
      'genotype.json': '',
      'README.md': '',
    });
    const found = await findModels(folder);
    expect(found.map(({ name, versions }) => [name, versions.map(({ version }) => version)])).toEqual([
      ['a', ['9', '10']],
      ['b', ['1']],
    ]);
    expect(found[0]?.versions[0]?.path.endsWith(join('a', '9', 'model.onnx'))).toBe(true);
    expect(found[0]?.ignored).toEqual([expect.stringMatching(/config\.pbtxt$/)]);
  });

  it('takes a single file as version 1 of the model of its name', async () => {
    const folder = await testFolder({ 'cifar.v2.onnx': '' });
    const path = join(folder, 'cifar.v2.onnx');
    expect(await findModels(path)).toMatchObject([{ name: 'cifar.v2', versions: [{ version: '1', path }] }]);
  });

  it.each([
    [{ 'a.json': '' }, 'a.json', /expected a file that ends in .onnx/],
    [{}, 'absent', /absent: no such file or folder/],
    [{ 'stats/1/model.onnx': '' }, '', /reserves the name stats/],
  ])('refuses %j at "%s"', async (files, path, message) => {
    const folder = await testFolder(files);
    const error = await findModels(join(folder, path)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it('tells when a file has become another', async () => {
    const folder = await testFolder({
      'a/1/model.onnx': 'one',
      'a/1/weights.bin': 'w',
      'b/1/model.onnx': 'b',
    });
    const prints = async () =>
      Object.fromEntries((await findModels(folder)).map((m) => [m.name, m.fingerprint]));
    const first = await prints();
    expect(await prints()).toEqual(first);
    const seen = new Set([first.a]);
    for (const [file, content] of [
      ['a/1/model.onnx', 'three'],
      ['a/1/weights.bin', 'other'],
      ['a/config.json', '{}'],
    ] as const) {
      await writeFile(join(folder, file), content);
      const next = await prints();
      expect(seen.has(next.a)).toBe(false);
      seen.add(next.a);
      expect(next.b).toBe(first.b);
    }
  });

  it('follows links within the repository and refuses those that leave it', async () => {
    const outside = await testFolder({ '1/model.onnx': '' });
    const folder = await testFolder({ 'a/1/model.onnx': '' });
    await symlink(join(folder, 'a'), join(folder, 'alias'));
    expect((await findModels(folder)).map(({ name }) => name)).toEqual(['a', 'alias']);
    await symlink(outside, join(folder, 'escape'));
    await expect(findModels(folder)).rejects.toThrow(/escape.*leads out of the repository/);
  });

  it('does not read a configuration from outside', async () => {
    const outside = await testFolder({ 'config.json': '{}' });
    const folder = await testFolder({ 'a/1/model.onnx': '' });
    await symlink(join(outside, 'config.json'), join(folder, 'a', 'config.json'));
    await expect(findModels(folder)).rejects.toThrow(/config.json: leads out of the repository/);
  });

  it('is not fooled by a sibling folder whose name begins alike, nor by a dead link', async () => {
    const parent = await testFolder({ 'repo/a/1/model.onnx': '', 'repo-private/1/model.onnx': '' });
    await symlink(join(parent, 'nowhere'), join(parent, 'repo', 'dead'));
    expect(await findModels(join(parent, 'repo'))).toHaveLength(1);
    await symlink(join(parent, 'repo-private'), join(parent, 'repo', 'b'));
    await expect(findModels(join(parent, 'repo'))).rejects.toThrow(/leads out/);
  });
});

it('orders versions as numbers, however long', () => {
  const versions = ['10', '9', '100000000000000000001', '100000000000000000000', '2'];
  expect(versions.sort(compareVersions)).toEqual([
    '2',
    '9',
    '10',
    '100000000000000000000',
    '100000000000000000001',
  ]);
});
