/** Requests that are sent on one connection without waiting for the answers to those before them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Server, serve } from '../../src/serve/index.ts';
import { makeFolder, removeFolder, slowModel } from './onnx.ts';
import { untilWaiting } from './waiting.ts';

let folder: string;
beforeAll(async () => {
  folder = await makeFolder({ 'slow/1/model.onnx': slowModel(20) });
});
afterAll(() => removeFolder(folder));

const start = (): Promise<Server> => serve(folder, { port: 0, models: { threads: 1 } });

const requestOf = (x: number): string => {
  const body = `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[${x}]}]}`;
  return `POST /v2/models/slow/infer HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

/** A connection on which requests with these numbers have been sent. */
async function pipelined(server: Server, numbers: readonly number[]): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(numbers.map(requestOf).join(''));
  return socket;
}

interface Answer {
  readonly number: number;
  /** Whether it says that the connection ends with it. */
  readonly ends: boolean;
}

/** The answers on a connection, until it has so many of them or is closed. */
async function answersOn(socket: Socket, count = Number.POSITIVE_INFINITY): Promise<Answer[]> {
  let text = '';
  const answers = (): Answer[] =>
    text
      .split('HTTP/1.1 200 OK')
      .slice(1)
      .map((answer) => ({
        number: Number(/"data":\[(\d)\]/.exec(answer)?.[1]),
        ends: /^connection: close\r$/m.test(answer),
      }));
  await new Promise<void>((resolve) => {
    // Who still writes when the server closes the connection is told so by an error.
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.on('data', (data) => {
      text += data;
      if (answers().length === count) resolve();
    });
  });
  return answers();
}

/** What a server has counted of the model's requests that were given up. */
async function cancelled(server: Server): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^nv_inference_request_failure\{[^}]*reason="CANCELED"[^}]*\} (\d+)$/m.exec(metrics)?.[1]);
}

it('are answered in their order', async () => {
  const server = await start();
  const socket = await pipelined(server, [1, 2, 3]);
  const answers = await answersOn(socket, 3);
  expect(answers.map(({ number }) => number)).toEqual([1, 2, 3]);
  socket.destroy();
  await server.close();
});

it('are all answered when the server is closed, and the last answer says that the connection ends', async () => {
  const server = await start();
  const answers = answersOn(await pipelined(server, [1, 2, 3]));
  await untilWaiting(server.url, 'slow', 2);
  await server.close();
  expect(await answers).toEqual([
    { number: 1, ends: false },
    { number: 2, ends: false },
    { number: 3, ends: true },
  ]);
});

it('do not put off the end of a server when they come while it closes', async () => {
  const server = await start();
  const socket = await pipelined(server, [1, 2]);
  const answers = answersOn(socket);
  await untilWaiting(server.url, 'slow', 1);
  const closed = server.close();
  const more = setInterval(() => socket.write(requestOf(3)), 5);
  socket.once('close', () => clearInterval(more));
  await closed;
  expect(await answers).toEqual([
    { number: 1, ends: false },
    { number: 2, ends: true },
  ]);
});

it('are cancelled where the client goes, and not waited for', async () => {
  const server = await start();
  const socket = await pipelined(server, [1, 2, 3]);
  await untilWaiting(server.url, 'slow', 2);
  socket.destroy();
  await expect.poll(() => cancelled(server), { timeout: 10_000 }).toBe(2);
  await server.close();
});
