/** HTTP around the protocol: encodings, limits, authorization, the description of the endpoints, and clients' habits. */

import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../../src/serve/routes.ts';
import { identityModel, linearModel } from '../onnx.ts';
import { binaryBody, expectAnswer, expectError, openService, partsOf, type Service } from '../service.ts';

const bodyLimit = 100_000;
let service: Service;
beforeAll(async () => {
  service = await openService(
    { 'linear/1/model.onnx': linearModel(), 'text/1/model.onnx': identityModel('string') },
    { bodyLimit },
  );
});
afterAll(() => service.close());

const x = { name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 0, 0] };
const good = Buffer.from(JSON.stringify({ inputs: [x] }));
const answer = {
  model_name: 'linear',
  model_version: '1',
  outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [1, 2] }],
};
const send = (body: Buffer, headers: Record<string, string> = {}) =>
  service.post('/v2/models/linear/infer', body, headers);

describe('encodings', () => {
  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['identity', (bytes: Buffer) => bytes],
  ])('takes %s', async (encoding, encode) => {
    expectAnswer(await send(encode(good), { 'content-encoding': encoding }), answer);
  });

  it('counts the length of the JSON in the decoded body', async () => {
    const input = { name: 'x', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } };
    const [body, headers] = binaryBody({ inputs: [input] }, Buffer.from(Float32Array.of(1, 0, 0).buffer));
    expectAnswer(await send(gzipSync(body), { ...headers, 'content-encoding': 'gzip' }), answer);
  });

  it('refuses what is small as sent and large as decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * bodyLimit));
    expect(bomb.length).toBeLessThan(bodyLimit);
    const response = await send(bomb, { 'content-encoding': 'gzip' });
    expectError(response, 413, `larger than the limit of ${bodyLimit} bytes`);
  });

  it.each(['gzip', 'deflate'])('refuses damaged %s', async (encoding) => {
    const encoded = encoding === 'gzip' ? gzipSync(good) : deflateSync(good);
    for (const body of [good, encoded.subarray(0, -3), Buffer.alloc(0)]) {
      expectError(await send(body, { 'content-encoding': encoding }), 400);
    }
  });

  it.each(['br', 'gzip, gzip', 'constructor', 'zstd'])('refuses %s with 415', async (encoding) => {
    expectError(await send(good, { 'content-encoding': encoding }), 415, /expected gzip or deflate, or none/);
  });
});

describe('limits', () => {
  it('refuses a body over the limit, whether its length is announced or not', async () => {
    expectError(await send(Buffer.alloc(bodyLimit + 1)), 413);
    expectError(await send(Buffer.alloc(bodyLimit)), 400, /not JSON/);
  });

  it.each([
    [64, 400, /got an array of 1/],
    [65, 400, /nested at most 64 deep/],
    [40_000, 400, /nested at most 64 deep/],
  ])('of depth: %d arrays in one another', async (depth, status, message) => {
    expectError(await send(Buffer.from('['.repeat(depth) + ']'.repeat(depth))), status, message);
  });

  it('does not count brackets in texts', async () => {
    const texts = ['['.repeat(1000), `\\"${'{'.repeat(1000)}\\\\`];
    const input = { name: 'x', datatype: 'BYTES', shape: [1, 2], data: texts };
    const response = await service.post('/v2/models/text/infer', { inputs: [input] });
    expect(response.json().outputs[0].data).toEqual(texts);
  });

  it('allocates nothing for a shape without its data', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const lying = { ...x, shape: [2 ** 40, 3] };
    expectError(
      await send(Buffer.from(JSON.stringify({ inputs: [lying] }))),
      400,
      /3298534883328 elements of data/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});

describe('authorization', () => {
  let guarded: Service;
  beforeAll(async () => {
    guarded = await openService({ 'linear/1/model.onnx': linearModel() }, { token: 's3cret' });
  });
  afterAll(() => guarded.close());

  it.each([
    [undefined, /this server wants a token; send the header Authorization: Bearer <token>/],
    ['', /names no bearer token/],
    ['s3cret', /names no bearer token/],
    ['Basic s3cret', /names no bearer token/],
    ['Bearer s3cre', /the token is wrong/],
    ['Bearer s3cretx', /the token is wrong/],
    ['Bearer s3cret x', /names no bearer token/],
  ])('refuses %j', async (authorization, message) => {
    const headers = authorization === undefined ? {} : { authorization };
    for (const response of [
      await guarded.get('/v2', headers),
      await guarded.post('/v2/models/linear/infer', good, headers),
      await guarded.get('/metrics', headers),
      await guarded.get('/nowhere', headers),
    ]) {
      expectError(response, 401, message);
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it.each(['Bearer s3cret', 'bearer  s3cret'])('takes %j', async (authorization) => {
    expect((await guarded.get('/v2', { authorization })).statusCode).toBe(200);
    expectAnswer(await guarded.post('/v2/models/linear/infer', good, { authorization }), answer);
  });

  it('is not asked of probes', async () => {
    expect((await guarded.get('/v2/health/live')).statusCode).toBe(200);
    expect((await guarded.get('/v2/health/ready')).statusCode).toBe(200);
  });
});

describe('OpenAPI', () => {
  interface Operation {
    readonly operationId: string;
    readonly parameters: { name: string; in: string }[];
    readonly responses: object;
  }

  it('describes every endpoint, and all that it refers to', async () => {
    const document = (await service.get('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const paths = document.paths as Record<string, Record<string, Operation>>;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(described.sort()).toEqual(routes.map(({ method, url }) => `${method} ${url}`).sort());
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const [path, methods] of Object.entries(paths)) {
      for (const { parameters } of Object.values(methods)) {
        const named = parameters
          .filter((parameter) => parameter.in === 'path')
          .map(({ name }) => `{${name}}`);
        expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
      }
    }
    const { schemas } = document.components;
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(Object.keys(schemas)).toContain(name);
    }
  });
});

describe('clients', () => {
  it("tritonclient's: no Content-Type, binary output by a parameter of the request", async () => {
    const json =
      '{"id":"","inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}],' +
      '"parameters":{"binary_data_output":true}}';
    const [body, headers] = binaryBody(json, Buffer.from(Float32Array.of(1, 0, 0).buffer));
    const [given, rest] = partsOf(await send(body, headers));
    expect(given).toMatchObject({ id: '', outputs: [{ parameters: { binary_data_size: 8 } }] });
    expect(rest).toEqual(Buffer.from(Float32Array.of(1, 2).buffer));
  });

  it("tritonclient's: calls of the repository, and what it asks before", async () => {
    expect((await service.get('/v2/health/live')).statusCode).toBe(200);
    for (const body of ['', '{}']) {
      expect((await service.post('/v2/repository/index', body)).statusCode).toBe(200);
      expect((await service.post('/v2/repository/models/linear/load', body)).statusCode).toBe(200);
    }
    const parameters = { parameters: { unload_dependents: false } };
    expect((await service.post('/v2/repository/models/linear/unload', parameters)).statusCode).toBe(200);
    expect((await service.post('/v2/repository/models/linear/load', '{}')).statusCode).toBe(200);
  });

  it("KServe's: JSON bodies on health, null for what is left out", async () => {
    expectAnswer(await service.get('/v2/health/live'), { live: true });
    expectAnswer(await service.get('/v2/health/ready'), { ready: true });
    const body = { id: null, parameters: null, outputs: null, inputs: [{ ...x, parameters: null }] };
    expectAnswer(
      await send(Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json' }),
      answer,
    );
  });

  it("everyone's: a request's name comes back", async () => {
    const response = await send(good, { 'x-request-id': 'r-17' });
    expect(response.headers['x-request-id']).toBe('r-17');
    expect((await send(good)).headers['x-request-id']).toBeUndefined();
    expect((await send(Buffer.alloc(0), { 'x-request-id': 'r-18' })).headers['x-request-id']).toBe('r-18');
  });
});
