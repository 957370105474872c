/** The extension model_repository: index, load, unload, and polling. */

import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityModel, linearModel } from '../onnx.ts';
import { expectAnswer, expectError, openService, type Service } from '../service.ts';

let service: Service;
beforeEach(async () => {
  service = await openService({
    'linear/1/model.onnx': linearModel(),
    'linear/2/model.onnx': linearModel(),
    'echo/1/model.onnx': identityModel('float32', ['batch', 3]),
  });
});
afterEach(() => service.close());

const put = async (path: string, content: Uint8Array | string): Promise<void> => {
  const target = join(service.folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(`${target}.part`, content);
  await rename(`${target}.part`, target);
};
const load = (model: string, body?: object | string) =>
  service.post(`/v2/repository/models/${model}/load`, body);
const unload = (model: string, body?: object) => service.post(`/v2/repository/models/${model}/unload`, body);
const index = async (body?: object) =>
  (await service.post('/v2/repository/index', body))
    .json()
    .map(
      ({ name, version, state, reason }: Record<string, string>) => `${name}/${version} ${state} ${reason}`,
    );
const body = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 0, 0] }] };
const infer = (model: string) => service.post(`/v2/models/${model}/infer`, body);

describe('index', () => {
  it.each([[undefined], [{}], [{ ready: false }], [{ ready: true }]])('takes the body %j', async (given) => {
    expect(await index(given)).toEqual(['echo/1 READY ', 'linear/1 READY ', 'linear/2 READY ']);
  });

  it('lists what is not loaded with the reason, or only what is', async () => {
    await unload('linear');
    expect(await index()).toEqual([
      'echo/1 READY ',
      'linear/1 UNAVAILABLE it was unloaded',
      'linear/2 UNAVAILABLE it was unloaded',
    ]);
    expect(await index({ ready: true })).toEqual(['echo/1 READY ']);
  });

  it('lists what has come into the repository, and what is served though that is gone', async () => {
    await put('later/3/model.onnx', linearModel());
    await put('linear/7/model.onnx', linearModel());
    const served = ['echo/1 READY ', 'linear/1 READY ', 'linear/2 READY '];
    expect(await index()).toEqual([
      ...served,
      'later/3 UNAVAILABLE it has not been loaded',
      'linear/7 UNAVAILABLE it has not been loaded',
    ]);
    expect(await index({ ready: true })).toEqual(served);
    await rename(service.folder, `${service.folder}-away`);
    expect(await index()).toEqual(served);
    await rename(`${service.folder}-away`, service.folder);
  });

  it.each([['[]'], ['{'], [{ ready: 1 }]])('refuses %j', async (given) => {
    expectError(await service.post('/v2/repository/index', given), 400);
  });
});

describe('unload and load', () => {
  it('stop and start serving, and the server stays ready', async () => {
    expectAnswer(await unload('linear', { parameters: { unload_dependents: true } }), {});
    expectError(await infer('linear'), 503, /model linear is not ready: it was unloaded/);
    expectError(await service.get('/v2/models/linear'), 503, /it was unloaded/);
    expectAnswer(await service.get('/v2/models/linear/ready'), { name: 'linear', ready: false }, 503);
    expectAnswer(
      await service.get('/v2/models/linear/versions/1/ready'),
      { name: 'linear', ready: false },
      503,
    );
    expectAnswer(await service.get('/v2/health/ready'), { ready: true });
    expectAnswer(await load('linear'), {});
    expect((await infer('linear')).statusCode).toBe(200);
  });

  it('bring what is new, and leave out what is gone', async () => {
    await put('fresh/7/model.onnx', linearModel());
    expectError(await infer('fresh'), 404, /no model "fresh"/);
    expectAnswer(await load('fresh', {}), {});
    expect((await infer('fresh')).json().model_version).toBe('7');
    await put('fresh/8/model.onnx', linearModel());
    await rm(join(service.folder, 'fresh/7'), { recursive: true });
    await load('fresh');
    expect((await service.get('/v2/models/fresh')).json().versions).toEqual(['8']);
  });

  it('take a configuration with the call', async () => {
    const config = JSON.stringify({ versions: 'latest', max_batch_size: 5 });
    expectAnswer(await load('linear', { parameters: { config } }), {});
    expect((await service.get('/v2/models/linear/config')).json().max_batch_size).toBe(5);
    expect(await index()).toEqual([
      'echo/1 READY ',
      'linear/1 UNAVAILABLE versions of config.json leaves it out',
      'linear/2 READY ',
    ]);
  });

  it.each([
    ['cat', undefined, 404, /no model "cat"; there is echo, linear/],
    ['..', undefined, 404, /no model ".."|no endpoint/],
    ['..%2F..%2Fetc', undefined, 404, /no model "..\/..\/etc"/],
    ['linear', '{"parameters": []}', 400, /parameters: expected an object/],
    ['linear', { parameters: { config: {} } }, 400, /config: expected the text of a config.json/],
    [
      'linear',
      { parameters: { config: '{"threads": 0}' } },
      400,
      /"linear" cannot be loaded: the config of the request: threads/,
    ],
    [
      'linear',
      { parameters: { 'file:1/model.onnx': 'AAAA' } },
      400,
      /parameters: expected config, got "file:1\/model.onnx"/,
    ],
    [
      'linear',
      { parameters: { config: '{"versions": ["9"]}' } },
      400,
      /versions: expected some of 1, 2, got 9/,
    ],
  ])('load refuses %s with %j, and what is served goes on', async (model, given, status, message) => {
    expectError(await load(model, given), status, message);
    expect((await infer('linear')).statusCode).toBe(200);
  });

  it('unload refuses what there is not', async () => {
    expectError(await unload('cat'), 404, /no model "cat"/);
    expectError(await unload('linear', { parameters: { force: true } }), 400, /parameters/);
  });

  it('keep what is served where a new file is broken', async () => {
    await put('linear/2/model.onnx', 'this is not a model');
    expectError(await load('linear'), 400, /"linear" cannot be loaded: .*model.onnx: cannot read the model/);
    expect((await infer('linear')).json().model_version).toBe('2');
    await put('linear/2/model.onnx', linearModel());
    expectAnswer(await load('linear'), {});
  });

  it('do not follow a link that leads out of the repository', async () => {
    await symlink('/etc', join(service.folder, 'escape'));
    await symlink('/etc/passwd', join(service.folder, 'echo', '1', 'other'));
    await mkdir(join(service.folder, 'secret', '1'), { recursive: true });
    await symlink('/etc/passwd', join(service.folder, 'secret/1/model.onnx'));
    const response = await load('secret');
    expectError(response, 400, /leads out of the repository/);
    expect(response.body).not.toContain('root:');
  });

  it('lose no request', async () => {
    let stop = false;
    const failures: unknown[] = [];
    let answered = 0;
    const clients = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const response = await infer('linear');
        if (response.statusCode === 200) answered += 1;
        else failures.push(response.body);
        expect(response.json().outputs[0].data).toEqual([1, 2]);
      }
    });
    for (let i = 0; i < 5; i++) expectAnswer(await load('linear'), {});
    stop = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });

  it('answer what was taken before the model goes', async () => {
    const answers = Array.from({ length: 20 }, () => infer('linear'));
    await new Promise((resolve) => setImmediate(resolve));
    const gone = unload('linear');
    for (const answer of await Promise.all(answers)) expect([200, 503]).toContain(answer.statusCode);
    expectAnswer(await gone, {});
  });
});

describe('polling', () => {
  it('loads what is new or changed once it rests, and unloads what is gone', async () => {
    const { registry } = service;
    await put('fresh/1/model.onnx', linearModel());
    await registry.poll();
    expectError(await infer('fresh'), 404);
    await registry.poll();
    expect((await infer('fresh')).statusCode).toBe(200);

    await put('fresh/config.json', '{"max_batch_size": 3}');
    await registry.poll();
    await registry.poll();
    expect((await service.get('/v2/models/fresh/config')).json().max_batch_size).toBe(3);

    await rm(join(service.folder, 'fresh'), { recursive: true });
    await registry.poll();
    expect((await infer('fresh')).statusCode).toBe(200);
    await registry.poll();
    expectError(await infer('fresh'), 404, /no model "fresh"/);
    expectAnswer(await service.get('/v2/health/ready'), { ready: true });
  });

  it('says what it cannot load and tries again only when it has changed', async () => {
    const { registry, warnings } = service;
    await put('fresh/1/model.onnx', 'this is not a model');
    for (let i = 0; i < 4; i++) await registry.poll();
    expect(warnings).toEqual([
      expect.stringMatching(/^model fresh could not be loaded: .*cannot read the model/),
    ]);
    expect(await index()).toContainEqual(expect.stringMatching(/^fresh\/1 UNAVAILABLE .*cannot read/));
    expectError(await infer('fresh'), 503, /cannot read the model/);
    expectAnswer(await service.get('/v2/health/ready'), { ready: true });
    await put('fresh/1/model.onnx', linearModel());
    for (let i = 0; i < 2; i++) await registry.poll();
    expect((await infer('fresh')).statusCode).toBe(200);
  });

  it('leaves alone what was unloaded by call', async () => {
    await unload('linear');
    for (let i = 0; i < 3; i++) await service.registry.poll();
    expectError(await infer('linear'), 503);
  });
});
