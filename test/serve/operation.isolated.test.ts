/** A server in operation: TLS and tokens, crashes, slow clients, stopping under load. */

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type ServeOptions, type Server, serve } from '../../src/serve/index.ts';
import { certificate, privateKey } from './certificate.ts';
import { linearModel, makeFolder, removeFolder, slowModel } from './onnx.ts';

/** Every worker thread that is started, for tests to end it, and how many runs all have been given. */
const workers: Worker[] = vi.hoisted(() => []);
const given = vi.hoisted(() => ({ runs: 0 }));
vi.mock('node:worker_threads', async (original) => {
  const actual = await original<typeof import('node:worker_threads')>();
  class Watched extends actual.Worker {
    constructor(...options: ConstructorParameters<typeof actual.Worker>) {
      super(...options);
      workers.push(this);
    }
    override postMessage(...[message, ...rest]: Parameters<Worker['postMessage']>): void {
      if (message?.kind === 'run') given.runs++;
      super.postMessage(message, ...rest);
    }
  }
  return { ...actual, Worker: Watched };
});

let folder: string;
beforeAll(async () => {
  folder = await makeFolder({
    'models/linear/1/model.onnx': linearModel(),
    'slow/slow/1/model.onnx': slowModel(20),
    token: ' s3cret\n',
    'cert.pem': certificate,
    'key.pem': privateKey,
    empty: '\n',
    spaced: 'two words',
  });
});
afterAll(() => removeFolder(folder));

const start = (options: Partial<ServeOptions> = {}, models = 'models'): Promise<Server> =>
  serve(join(folder, models), { port: 0, models: { threads: 1 }, ...options });
const file = (name: string): string => join(folder, name);

const infer = (url: string, x: number): Promise<Response> =>
  fetch(`${url}/v2/models/linear/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [x, 0, 0] }] }),
  });
const dataOf = async (response: Response): Promise<unknown> => {
  const { outputs } = (await response.json()) as { outputs: { data: number[] }[] };
  return outputs[0]?.data;
};

describe('TLS', () => {
  const get = (url: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      httpsRequest(url, { rejectUnauthorized: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });

  it('is spoken where there is a certificate', async () => {
    const server = await start({ tlsCert: file('cert.pem'), tlsKey: file('key.pem') });
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(`${server.url}/v2/health/ready`)).toBe(200);
    await expect(fetch(`${server.url.replace('https', 'http')}/v2`)).rejects.toThrow();
    await server.close();
  });

  it.each([
    [{ tlsCert: 'cert.pem' }, /TLS needs a certificate and its key: there is a certificate and no key/],
    [{ tlsKey: 'key.pem' }, /there is a key and no certificate/],
    [{ tlsCert: 'cert.pem', tlsKey: 'nowhere' }, /nowhere: cannot read the key/],
    [{ tlsCert: 'key.pem', tlsKey: 'cert.pem' }, /are no certificate and key in PEM/],
  ])('refuses %j', async (options, message) => {
    const paths = Object.entries(options).map(([name, path]) => [name, file(path)]);
    const error = await start(Object.fromEntries(paths)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });
});

describe('a token', () => {
  it('is read from its file, and asked for', async () => {
    const server = await start({ tokenFile: file('token') });
    expect((await infer(server.url, 1)).status).toBe(401);
    const headers = { authorization: 'Bearer s3cret' };
    expect((await fetch(`${server.url}/v2`, { headers })).status).toBe(200);
    await server.close();
  });

  it.each([
    ['empty', /expected a token: one word/],
    ['spaced', /expected a token: one word/],
    ['nowhere', /cannot read the token/],
  ])('is refused from the file %s', async (name, message) => {
    await expect(start({ tokenFile: file(name) })).rejects.toThrow(message);
  });
});

describe('a worker that crashes', () => {
  /**
   * Makes the newest worker fail as soon as it looks at its next message. Ending it from outside while onnxruntime
   * runs would end the whole process.
   */
  const crash = (): void => workers.at(-1)?.postMessage(null);
  const reason = /^model (slow|linear) failed to run: Cannot read properties of null/;

  it('fails what it runs, with a reason, and is replaced', async () => {
    const server = await start({ models: { threads: 1, instances: 1 } }, 'slow');
    const ask = (x: number) =>
      fetch(`${server.url}/v2/models/slow/infer`, {
        method: 'POST',
        body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [x] }] }),
      });
    const before = given.runs;
    const running = ask(1);
    await vi.waitFor(() => expect(given.runs).toBe(before + 1), 5000);
    // Of two messages that wait, the second would be looked at before the run of the first begins; the run takes a third of a
    // second.
    await sleep(100);
    // The next run is handed to the worker together with its end.
    crash();
    const next = ask(2);
    await sleep(50);
    const waiting = [3, 4].map(ask);
    expect(await dataOf(await running)).toEqual([1]);
    const lost = await next;
    expect(lost.status).toBe(500);
    expect(await lost.json()).toEqual({ error: expect.stringMatching(reason) });
    for (const [i, answer] of waiting.entries()) expect(await dataOf(await answer)).toEqual([i + 3]);
    expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200);
    await server.close();
  });

  it('takes nothing else with it under load', async () => {
    const server = await start({ models: { threads: 1, instances: 2 } });
    const failures: string[] = [];
    let stop = false;
    let answered = 0;
    const clients = Array.from({ length: 16 }, async (_, client) => {
      for (let i = 0; !stop; i++) {
        const x = client * 1000 + i;
        const response = await infer(server.url, x);
        if (response.status === 200) {
          expect(await dataOf(response)).toEqual([x, 2 * x]);
          answered += 1;
        } else {
          expect(response.status).toBe(500);
          failures.push(((await response.json()) as { error: string }).error);
        }
      }
    });
    const underWay = async (count: number): Promise<void> => {
      while (answered < count) await sleep(5);
    };
    for (let i = 1; i <= 3; i++) {
      await underWay(i * 50);
      crash();
    }
    await underWay(200);
    stop = true;
    await Promise.all(clients);
    for (const failure of failures) expect(failure).toMatch(reason);
    // At most what one instance had in hand, for each crash.
    expect(failures.length).toBeLessThanOrEqual(3 * 16);
    await server.close();
  });
});

describe('connections', () => {
  const isOver = (socket: Socket): Promise<boolean> =>
    new Promise((resolve) => {
      socket.on('error', () => resolve(true)).on('close', () => resolve(true));
      const tries = setInterval(() => socket.write('x'), 100);
      setTimeout(() => {
        clearInterval(tries);
        resolve(false);
      }, 4000);
    });

  it.each(['GARBAGE\r\n\r\n', 'GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n'])(
    'that are refused are not kept, though the client keeps its side: %j',
    async (text) => {
      const server = await start();
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      socket.write(text);
      let answer = '';
      socket.on('data', (data) => {
        answer += data;
      });
      expect(await isOver(socket)).toBe(true);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      socket.destroy();
      await server.close();
    },
  );

  it('that never speak TLS do not keep the server', async () => {
    const server = await start({ tlsCert: file('cert.pem'), tlsKey: file('key.pem') });
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const begin = performance.now();
    await server.close();
    expect(performance.now() - begin).toBeLessThan(5000);
    socket.destroy();
  });

  it.each([
    ['GET /v2 HTTP/1.1\r\nconnection: close\r\n\r\n', 400, /expected the header Host/],
    [
      'POST /v2/models/linear/infer HTTP/1.1\r\nhost: x\r\nexpect: tea\r\ncontent-length: 1\r\n\r\n{',
      417,
      /100-continue/,
    ],
  ])('are answered with a reason: %j', async (text, status, reason) => {
    const server = await start();
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*"error":`));
    expect(answer).toMatch(reason);
    await server.close();
  });
});

describe('slow clients', () => {
  const silence = (port: number, text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (data) => {
        answer += data;
      });
      socket.on('close', () => resolve(answer)).on('error', reject);
    });

  it('are not waited for: headers, body and silence have their time', async () => {
    const server = await start({ requestTimeout: 0.5, idleTimeout: 0.5 });
    const head = 'POST /v2/models/linear/infer HTTP/1.1\r\nhost: x\r\n';
    const begin = performance.now();
    const [headers, body, idle] = await Promise.all([
      silence(server.port, head),
      silence(server.port, `${head}content-length: 100\r\n\r\n{`),
      silence(server.port, 'GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n'),
    ]);
    expect(headers).toMatch(/^HTTP\/1\.1 408 .*"error":"the request did not arrive in time"/s);
    expect(body).toMatch(/^HTTP\/1\.1 408 /);
    expect(idle).toMatch(/^HTTP\/1\.1 200 /);
    expect(performance.now() - begin).toBeLessThan(10_000);
    await server.close();
  });

  it('get to see that their body is too large, however large and slow it is, announced or not', async () => {
    const server = await start({ bodyLimit: 1000 });
    const url = `${server.url}/v2/models/linear/infer`;
    const send = (size: number, headers: Record<string, string | number>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const outgoing = httpRequest(url, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        outgoing.on('error', reject);
        // In two writes, and the second one only when a hasty answer would have closed the connection.
        outgoing.write(Buffer.alloc(size / 2));
        setTimeout(() => outgoing.end(Buffer.alloc(size / 2)), 30);
      });
    const sizes = [1002, 10_000, 1_000_000, 20_000_000];
    const answers = sizes.flatMap((size) => [{}, { 'content-length': size }].map((own) => send(size, own)));
    expect(await Promise.all(answers)).toEqual(answers.map(() => 413));
    await server.close();
  });

  it('are not told to send a body that is too large', async () => {
    const server = await start({ bodyLimit: 1000 });
    const ask = (length: number) =>
      new Promise<unknown>((resolve, reject) => {
        const headers = { expect: '100-continue', 'content-length': length };
        const outgoing = httpRequest(`${server.url}/v2/models/linear/infer`, { method: 'POST', headers });
        outgoing.on('continue', () => outgoing.end(Buffer.alloc(length)) && resolve('continue'));
        outgoing.on('response', (response) => resolve(response.statusCode));
        outgoing.on('error', reject);
        outgoing.flushHeaders();
      });
    expect([await ask(1001), await ask(1000)]).toEqual([413, 'continue']);
    await server.close();
  });
});

describe('stopping', () => {
  it('answers all that was accepted, and is not ready meanwhile', async () => {
    const server = await start({}, 'slow');
    const agent = { method: 'POST', headers: { connection: 'keep-alive' } };
    const body = (x: number) =>
      JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [x] }] });
    const answers = [1, 2, 3].map(async (x) =>
      dataOf(await fetch(`${server.url}/v2/models/slow/infer`, { ...agent, body: body(x) })),
    );
    // A connection that is open already, as a load balancer's is.
    const probe = connect(server.port, '127.0.0.1');
    await sleep(150);
    const closed = server.close();
    await sleep(20);
    const seen = new Promise<string>((resolve) => probe.once('data', (data) => resolve(String(data))));
    probe.write('GET /v2/health/ready HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await seen).toMatch(/^HTTP\/1\.1 503 .*"ready":false/s);
    expect(await Promise.all(answers)).toEqual([[1], [2], [3]]);
    await closed;
  });

  it('gives up after its time, and says so', async () => {
    const server = await start({ drainTimeout: 0.05 }, 'slow');
    const before = given.runs;
    const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    const lost = fetch(`${server.url}/v2/models/slow/infer`, { method: 'POST', body });
    const failed = expect(lost).rejects.toThrow();
    await expect.poll(() => given.runs, { timeout: 10_000 }).toBeGreaterThan(before);
    await expect(server.close()).rejects.toThrow('not all requests could be finished within 0.05 s');
    await failed;
  });
});

describe('clients that go', () => {
  it('have their requests taken back', async () => {
    const server = await start({}, 'slow');
    const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    const ask = (signal: AbortSignal | null = null) =>
      fetch(`${server.url}/v2/models/slow/infer`, { method: 'POST', body, signal });
    const running = ask();
    await sleep(50);
    const controller = new AbortController();
    const gone = Array.from({ length: 20 }, () => ask(controller.signal).catch(() => 'gone'));
    await sleep(50);
    controller.abort();
    expect(await Promise.all(gone)).toEqual(gone.map(() => 'gone'));
    expect((await running).status).toBe(200);
    expect((await ask()).status).toBe(200);
    const stats = await (await fetch(`${server.url}/v2/models/slow/stats`)).json();
    expect(stats).toMatchObject({
      model_stats: [{ execution_count: 2, inference_stats: { fail: { count: 20 } } }],
    });
    await server.close();
  });
});

it('polls the repository', async () => {
  const empty = await makeFolder({ 'README.md': '' });
  const server = await serve(empty, { port: 0, poll: 0.05 });
  expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200);
  const { mkdir, writeFile } = await import('node:fs/promises');
  await mkdir(join(empty, 'linear/1'), { recursive: true });
  await writeFile(join(empty, 'linear/1/model.onnx'), linearModel());
  await expect.poll(async () => (await infer(server.url, 1)).status, { timeout: 10_000 }).toBe(200);
  await server.close();
  await removeFolder(empty);
});

it('accepts nothing more when it stops, though a poll is loading a model', async () => {
  const empty = await makeFolder({ 'README.md': '' });
  const server = await serve(empty, { port: 0, poll: 0.05, models: { threads: 1 } });
  const { mkdir, writeFile } = await import('node:fs/promises');
  await mkdir(join(empty, 'slow/1'), { recursive: true });
  await writeFile(join(empty, 'slow/1/model.onnx'), slowModel(100));
  const index = async (): Promise<unknown> =>
    (await fetch(`${server.url}/v2/repository/index`, { method: 'POST', body: '{}' })).json();
  await expect.poll(index, { timeout: 10_000, interval: 5 }).toMatchObject([{ state: 'LOADING' }]);
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
  });
  await expect
    .poll(() =>
      fetch(`${server.url}/v2/health/live`).then(
        () => 'accepted',
        () => 'refused',
      ),
    )
    .toBe('refused');
  expect(closed, 'while the model is loading').toBe(false);
  await closing;
  await removeFolder(empty);
});
