import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureError, InputError } from '../../src/errors.ts';
import { type ServeOptions, type Server, serve } from '../../src/serve/index.ts';
import { largeModel, linearModel, makeFolder, removeFolder, slowModel } from './onnx.ts';
import { untilWaiting } from './waiting.ts';

let folder: string;
const start = (options: Partial<ServeOptions> = {}): Promise<Server> =>
  serve(join(folder, 'models'), { port: 0, models: { threads: 1 }, ...options });

beforeAll(async () => {
  folder = await makeFolder({
    'models/linear/1/model.onnx': linearModel(),
    'models/slow/1/model.onnx': slowModel(),
    'large/large/1/model.onnx': largeModel(8_000_000),
    'broken/good/1/model.onnx': linearModel(),
    'broken/bad/1/model.onnx': 'this is not a model',
  });
});
afterAll(() => removeFolder(folder));

const inferRequest = (url: string, model: string, x: number): Promise<Response> =>
  fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [x] }] }),
  });
const slowRequest = (url: string, x: number): Promise<Response> => inferRequest(url, 'slow', x);

/** The data of the only output. */
async function dataOf(response: Response): Promise<unknown> {
  const body = (await response.json()) as { outputs: { data: number[] }[] };
  return body.outputs[0]?.data;
}

/** All that comes on a connection until it is closed. */
const answerOn = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });

/** What the server answers to bytes that are not a request. */
const send = (port: number, text: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  return answerOn(socket);
};

describe('serve', () => {
  it('listens on this machine alone, on a free port, with all models ready', async () => {
    const server = await start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const response = await fetch(`${server.url}/v2/health/ready`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ ready: true });
    await server.close();
    await expect(fetch(`${server.url}/v2/health/live`)).rejects.toThrow();
    await server.close();
  });

  it('serves a single file', async () => {
    const server = await serve(join(folder, 'models/linear/1/model.onnx'), {
      port: 0,
      models: { threads: 1 },
    });
    const body = await (await fetch(`${server.url}/v2/models/model`)).json();
    expect(body).toMatchObject({ name: 'model', versions: ['1'] });
    await server.close();
  });

  it('takes a request without Content-Type, in chunks', async () => {
    const server = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(`${server.url}/v2/models/linear/infer`, { method: 'POST' }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      outgoing.on('error', reject);
      outgoing.write('{"inputs":[{"name":"x","datatype":"FP32",');
      outgoing.end('"shape":[1,3],"data":[1,2,3]}]}');
    });
    expect(status).toBe(200);
    await server.close();
  });

  it('answers others while a model runs', async () => {
    const server = await start();
    let finished = false;
    const slow = slowRequest(server.url, 1).then(() => {
      finished = true;
    });
    for (let i = 0; i < 5; i++) {
      expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
    }
    expect(finished).toBe(false);
    await slow;
    await server.close();
  });

  it('finishes what is in progress when it is closed, on connections that are kept alive', async () => {
    const server = await start();
    let answered = 0;
    const answers = [3, 4].map(async (x) => {
      const response = await slowRequest(server.url, x);
      answered++;
      return dataOf(response);
    });
    await untilWaiting(server.url, 'slow', 1);
    const begin = performance.now();
    await server.close();
    // What has been sent may be on its way yet; what runs takes longer.
    await setTimeout(50);
    expect(answered).toBe(2);
    expect(await Promise.all(answers)).toEqual([[3], [4]]);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  it('takes its time where what is in progress does: more than a framework allows', async () => {
    // More than all of them: batches that are full do not wait.
    const models = { threads: 1, maxQueueDelayMs: 11_000, maxBatchSize: 32 };
    const server = await serve(join(folder, 'models/linear/1/model.onnx'), { port: 0, models });
    const body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,0,0]}]}';
    const text = `POST /v2/models/model/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const sockets = Array.from({ length: 24 }, () => connect(server.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const begin = performance.now();
    // One alone does not wait; of many at once the last find others there, and wait for more.
    const answers = sockets.map((socket) => {
      socket.write(text);
      return answerOn(socket);
    });
    await setTimeout(500);
    await server.close();
    expect(performance.now() - begin).toBeGreaterThan(10_900);
    for (const answer of answers) expect(await answer).toMatch(/^HTTP\/1\.1 200 .*"data":\[1,2\]/s);
  });

  it('sends large answers to their end when it is closed', async () => {
    const server = await serve(join(folder, 'large'), { port: 0, models: { threads: 1 } });
    const response = await inferRequest(server.url, 'large', 7);
    const closed = server.close();
    await setTimeout(200);
    expect(await dataOf(response)).toHaveLength(8_000_000);
    await closed;
  });

  it('does not wait for clients that send nothing or half a request when it is closed', async () => {
    const server = await start();
    const silent = send(server.port, '');
    const half = send(server.port, 'GET / HT');
    await setTimeout(200);
    await server.close();
    expect(await Promise.all([silent, half])).toEqual(['', '']);
  });

  it('does not wait for clients that have gone', async () => {
    const server = await start();
    const controller = new AbortController();
    const gone = fetch(`${server.url}/v2/models/slow/infer`, {
      method: 'POST',
      body: '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}',
      signal: controller.signal,
    });
    await setTimeout(200);
    controller.abort();
    await expect(gone).rejects.toThrow(/abort/);
    await server.close();
  });

  it('answers in its own form to what is not HTTP', async () => {
    const server = await start();
    const answer = await send(server.port, 'HELLO\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('Content-Type: application/json\r\n');
    expect(answer).toMatch(/\r\n\r\n\{"error":"[^"]+"\}$/);
    const headers = await send(
      server.port,
      `GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(headers).toMatch(/^HTTP\/1\.1 431 .*"error":"the request's headers are too large"/s);
    await server.close();
  });

  it('says what to do when the port is taken', async () => {
    const server = await start();
    const error = await start({ port: server.port }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailureError);
    expect(String(error)).toMatch(
      `cannot listen on 127.0.0.1, port ${server.port}: another program uses this port`,
    );
    await server.close();
  });

  it('says what to do when the address is not of this machine', async () => {
    // 192.0.2.0/24 is reserved for documentation: no machine has it.
    await expect(start({ host: '192.0.2.1' })).rejects.toThrow(/this machine does not have this address/);
  });

  it.each([
    ['broken', /bad\/1\/model\.onnx: /],
    ['models/linear', /no models found/],
    ['absent', /no such file or folder/],
  ])('refuses %s as bad input', async (path, message) => {
    const error = await serve(join(folder, path), { port: 0 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it.each<[object, RegExp]>([
    [{ port: '8' }, /port must be a port from 0 to 65535, got 8/],
    [{ host: '' }, /host must be a text, got ""/],
    [{ hosts: 'x' }, /unknown option hosts; did you mean host\?/],
    [{ bodyLimit: -1 }, /bodyLimit must be a whole number from 1, got -1/],
    [
      { drainTimeout: Number.NaN },
      /drainTimeout must be a number of seconds above 0, at most 2147483, got NaN/,
    ],
    [{ models: { threads: -1 } }, /models: threads: expected a whole number from 1 to 256, got -1/],
    [{ models: { maxQueueSize: Number.NaN } }, /models: maxQueueSize: expected a whole number .*, got NaN/],
    [{ models: { thread: 1 } }, /unknown option thread; did you mean threads\?/],
  ])('refuses %o before a model is loaded', async (options, message) => {
    const error = await start(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(message);
  });

  it('takes a smaller limit for bodies', async () => {
    const server = await start({ bodyLimit: 10 });
    const response = await slowRequest(server.url, 1);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: expect.stringContaining('limit of 10 bytes') });
    await server.close();
  });
});
