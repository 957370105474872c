/** `nas serve` as an operator runs it: what it announces, what it logs, how it ends. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linearModel, slowModel } from '../serve/onnx.ts';
import { untilWaiting } from '../serve/waiting.ts';
import { expectRefused, nas, newFolder, type Running, start } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
const put = (path: string, content: Uint8Array | string): void => {
  mkdirSync(join(folder.path, path, '..'), { recursive: true });
  writeFileSync(join(folder.path, path), content);
};

beforeAll(async () => {
  folder = await newFolder();
  put('models/linear/1/model.onnx', linearModel());
  put('models/linear/config.json', '{"max_batch_size": 4}');
  put('models/slow/1/model.onnx', slowModel(40));
  put('wrong/linear/1/model.onnx', linearModel());
  put('wrong/linear/config.json', '{"max_batch_sise": 4}');
  put('escape/linear/1/model.onnx', linearModel());
  put('token', 's3cret');
  symlinkSync('/etc', join(folder.path, 'escape/linear/2'));
  symlinkSync('/etc/hostname', join(folder.path, 'escape/linear/config.json'));
});
afterAll(() => folder.remove());

const serve = async (...args: string[]): Promise<Running & { url: string }> => {
  const server = start(folder.path, 'serve', 'models', '--port', '0', '--json', '--threads', '1', ...args);
  const [line] = await server.said(/^\{"url".*\}$/m);
  return { ...server, url: (JSON.parse(line) as { url: string }).url };
};
const infer = (url: string, model: string, shape: number[], data: number[], headers = {}) =>
  fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape, data }] }),
  });

/** Two requests, one of which runs while the other waits. */
const twoSlow = (url: string): Promise<unknown> =>
  Promise.all([1, 2].map((x) => infer(url, 'slow', [1], [x]).catch(() => 'lost')));

describe('nas serve', () => {
  it('answers every accepted request after SIGTERM, and exits with 0', async () => {
    const server = await serve();
    const answers = Array.from({ length: 4 }, (_, i) => infer(server.url, 'slow', [1], [i]));
    await untilWaiting(server.url, 'slow', 3);
    server.process.kill('SIGTERM');
    for (const [i, answer] of answers.entries()) {
      const response = await answer;
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ outputs: [{ data: [i] }] });
    }
    const { code, stderr } = await server.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/stopping: finishing what is in flight/);
  });

  it('exits with 1 where that takes too long', async () => {
    const server = await serve('--drain-timeout', '0.05');
    const lost = twoSlow(server.url);
    await untilWaiting(server.url, 'slow', 1);
    server.process.kill('SIGTERM');
    const { code, stderr } = await server.ended;
    expect([code, await lost]).toEqual([1, ['lost', 'lost']]);
    expect(stderr).toMatch(/nas: not all requests could be finished within 0.05 s/);
  });

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)(
    'is ended at once by a second signal, in the middle of a run: %s, %s',
    async (first, second) => {
      const server = await serve();
      const lost = twoSlow(server.url);
      await untilWaiting(server.url, 'slow', 1);
      server.process.kill(first);
      await server.said(/stopping: finishing/);
      server.process.kill(second);
      expect([(await server.ended).code, await lost]).toEqual([second, ['lost', 'lost']]);
    },
  );

  it('logs every request with its id where it is told to, as lines of JSON', async () => {
    const server = await serve('--log');
    await infer(server.url, 'linear', [1, 3], [1, 2, 3], { 'x-request-id': 'r-1' });
    await infer(server.url, 'linear', [1, 3], [1, 2]);
    const gone = new AbortController();
    const lost = fetch(`${server.url}/v2/models/slow/infer`, {
      method: 'POST',
      body: '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}',
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 200);
    await expect(lost).rejects.toThrow(/abort/);
    // The server is told of it before what comes later.
    await infer(server.url, 'linear', [1, 3], [1, 2]);
    server.process.kill('SIGINT');
    const { code, stderr } = await server.ended;
    expect(code).toBe(0);
    const all = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    // One beside the other.
    expect(
      all
        .splice(0, 2)
        .map(({ msg }) => msg)
        .sort(),
    ).toEqual(['model linear: 1 loaded', 'model slow: 1 loaded']);
    expect(all.map(({ msg }) => msg)).toEqual([
      `Server listening at ${server.url}`,
      ...Array(4).fill('request'),
      'stopping: finishing what is in flight',
    ]);
    const lines = all.filter(({ msg }) => msg === 'request');
    const url = '/v2/models/linear/infer';
    const request = { method: 'POST', url, from: '127.0.0.1', milliseconds: expect.any(Number) };
    // In the order in which they came; those that were aborted end when that is noticed.
    const byId = (a: (typeof lines)[number], b: (typeof lines)[number]) =>
      String(a.reqId) < String(b.reqId) ? -1 : 1;
    expect(lines.toSorted(byId)).toMatchObject([
      { ...request, reqId: 'r-1', status: 200 },
      { ...request, reqId: 'req-1', status: 400 },
      { ...request, reqId: 'req-2', url: '/v2/models/slow/infer', status: 499 },
      { ...request, reqId: 'req-3', status: 400 },
    ]);
  });

  it('takes its options as defaults, and a model has its own', async () => {
    const server = await serve(
      '--max-batch-size',
      '9',
      '--max-queue-delay',
      '2',
      '--instances',
      '2',
      '--token-file',
      'token',
    );
    const config = async (model: string) => {
      const headers = { authorization: 'Bearer s3cret' };
      return (await fetch(`${server.url}/v2/models/${model}/config`, { headers })).json();
    };
    expect(await config('linear')).toMatchObject({
      max_batch_size: 4,
      instance_group: [{ count: 2 }],
      dynamic_batching: { max_queue_delay_microseconds: 2000 },
    });
    expect(await config('slow')).toMatchObject({ max_batch_size: 0 });
    expect((await fetch(`${server.url}/v2`)).status).toBe(401);
    server.process.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  it.each([
    ['wrong', [], /config.json: no key "max_batch_sise"; there are device, .*max_batch_size/],
    ['escape', [], /leads out of the repository/],
    ['models', ['--tls-cert', 'token'], /there is a certificate and no key/],
    ['models', ['--tls-cert', 'token', '--tls-key', 'token'], /are no certificate and key in PEM/],
    ['models', ['--token-file', 'nowhere'], /nowhere: cannot read the token/],
    ['models', ['--poll', '0'], /--poll must be a number of seconds above 0, at most 2147483, got 0/],
    // A timer of Node's would end at once, and cut all clients off.
    ['models', ['--drain-timeout', '3e6'], /--drain-timeout must be a number of seconds above 0, at most/],
    ['models', ['--timeout', '4e6'], /--timeout must be a number of milliseconds from 0 to 3600000, got/],
    ['models', ['--instances', 'many'], /--instances must be a whole number from 1 to 64, got many/],
    ['models', ['--device', 'tpu'], /--device must be one of auto, cpu, cuda, webgpu, got tpu/],
  ])('refuses %s %j', async (models, args, message) => {
    expectRefused(await nas(folder.path, 'serve', models, '--port', '0', ...args), message);
  });
});
