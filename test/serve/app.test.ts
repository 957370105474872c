import { join } from 'node:path';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataType } from '../../src/onnx/ir.ts';
import { InferenceSession, Tensor as OrtTensor } from '../../src/runtime.ts';
import { createApp } from '../../src/serve/app.ts';
import type { Session } from '../../src/serve/batching/scheduler.ts';
import { openRegistry, type Registry } from '../../src/serve/models/registry.ts';
import {
  classifierModel,
  identityModel,
  linearModel,
  logModel,
  makeFolder,
  pairModel,
  removeFolder,
} from './onnx.ts';

let folder: string;
let models: Registry;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await makeFolder({
    'linear/9/model.onnx': linearModel(),
    'linear/10/model.onnx': linearModel(),
    'pair/1/model.onnx': pairModel(),
    'log/1/model.onnx': logModel(),
    'int64/1/model.onnx': identityModel('int64'),
    'bool/1/model.onnx': identityModel('bool'),
    'string/1/model.onnx': identityModel('string'),
    'float16/1/model.onnx': identityModel('float16'),
    'rgb/1/model.onnx': classifierModel(3),
    'grey/1/model.onnx': classifierModel(1, 'probabilities'),
    'a space & more/1/model.onnx': linearModel(),
  });
  models = await openRegistry(folder, { defaults: { threads: 1 } });
  app = createApp(models, { bodyLimit: 100_000, maxPixels: 10_000 });
});
afterAll(async () => {
  await app.close();
  await models.close();
  await removeFolder(folder);
});

const get = (url: string): Promise<LightMyRequestResponse> => app.inject({ method: 'GET', url });
const post = (
  url: string,
  body?: object | string | Buffer,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> =>
  app.inject({ method: 'POST', url, headers, ...(body === undefined ? {} : { payload: body }) });
const infer = (model: string, body: object): Promise<LightMyRequestResponse> =>
  post(`/v2/models/${model}/infer`, body);

/** Every answer is JSON of exactly this type; an error has nothing but a message, and never a stack. */
function expectError(response: LightMyRequestResponse, status: number, message: string | RegExp): void {
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/json');
  const body = response.json();
  expect(body).toEqual({ error: expect.any(String) });
  expect(body.error).toMatch(message);
  expect(body.error).not.toMatch(/\n\s+at |\.ts:\d|\.js:\d/);
}

function expectAnswer(response: LightMyRequestResponse, body: unknown, status = 200): void {
  expect(response.statusCode).toBe(status);
  expect(response.headers['content-type']).toBe('application/json');
  expect(response.json()).toEqual(body);
}

describe('server endpoints', () => {
  it('describes itself', async () => {
    expectAnswer(await get('/v2'), {
      name: 'onnx-nas',
      version: expect.any(String),
      extensions: [
        'binary_tensor_data',
        'classification',
        'model_configuration',
        'model_repository',
        'schedule_policy',
        'statistics',
      ],
    });
  });

  it('is live and ready', async () => {
    expectAnswer(await get('/v2/health/live'), { live: true });
    expectAnswer(await get('/v2/health/ready'), { ready: true });
  });

  it('answers HEAD as GET, without a body', async () => {
    const response = await app.inject({ method: 'HEAD', url: '/v2/health/ready' });
    expect([response.statusCode, response.body]).toEqual([200, '']);
  });
});

describe('model endpoints', () => {
  const linear = {
    name: 'linear',
    versions: ['9', '10'],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
  };

  it('describes a model', async () => {
    expectAnswer(await get('/v2/models/linear'), linear);
    expectAnswer(await get('/v2/models/linear/versions/9'), linear);
    const text = (await get('/v2/models/string')).json();
    expect(text.inputs).toEqual([{ name: 'x', datatype: 'BYTES', shape: [-1, 2] }]);
  });

  it('says whether a model is ready', async () => {
    expectAnswer(await get('/v2/models/linear/ready'), { name: 'linear', ready: true });
    expectAnswer(await get('/v2/models/linear/versions/10/ready'), { name: 'linear', ready: true });
  });

  it('finds names that a URL has to escape', async () => {
    expect((await get(`/v2/models/${encodeURIComponent('a space & more')}/ready`)).statusCode).toBe(200);
  });

  it.each([
    ['/v2/models/cat', /^no model "cat"; there is .*linear/],
    ['/v2/models/cat/ready', /no model "cat"/],
    ['/v2/models/cat/versions/1', /no model "cat"/],
    ['/v2/models/linear/versions/1', 'model linear has no version "1"; it has 9, 10'],
    ['/v2/models/linear/versions/1/ready', /no version "1"/],
    ['/v2/models/linear/versions/latest', /no version "latest"/],
    ['/v2/models/..%2F..%2Fetc%2Fpasswd', /no model/],
    [`/v2/models/${'m'.repeat(255)}`, /no model/],
    ['/v3', 'no endpoint GET /v3; GET /openapi.json lists them'],
    ['/v2/', /no endpoint/],
    ['/v2/models', /no endpoint/],
  ])('GET %s is 404', async (url, message) => {
    expectError(await get(url), 404, message);
  });

  it.each(['infer', 'classify'])('POST …/%s is 404 for an unknown model or version', async (action) => {
    expectError(await post(`/v2/models/cat/${action}`, {}), 404, /no model "cat"/);
    expectError(await post(`/v2/models/linear/versions/3/${action}`, {}), 404, /no version "3"/);
  });
});

describe('infer', () => {
  const x = { name: 'x', datatype: 'FP32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
  const y = { name: 'y', datatype: 'FP32', shape: [2, 2], data: [22, 28, 49, 64] };

  it('answers with the latest version, or the one asked for, and echoes the id', async () => {
    const answer = { model_name: 'linear', model_version: '10', outputs: [y] };
    expectAnswer(await infer('linear', { inputs: [x] }), answer);
    expectAnswer(await infer('linear', { id: 'a"b', inputs: [x] }), { ...answer, id: 'a"b' });
    const nine = await post('/v2/models/linear/versions/9/infer', { inputs: [x] });
    expectAnswer(nine, { ...answer, model_version: '9' });
  });

  it('takes nested data', async () => {
    const nested = {
      ...x,
      data: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    };
    expect((await infer('linear', { inputs: [nested] })).json().outputs).toEqual([y]);
  });

  it.each([{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/octet-stream' }])(
    'takes JSON under the headers %j',
    async (headers: Record<string, string>) => {
      const body = Buffer.from(JSON.stringify({ inputs: [x] }));
      expect((await post('/v2/models/linear/infer', body, headers)).statusCode).toBe(200);
    },
  );

  it('ignores parameters that it does not know', async () => {
    const parameters = { sequence_id: 7, colour: 'red' };
    const body = { parameters, inputs: [{ ...x, parameters: {} }], outputs: [{ name: 'y', parameters }] };
    expect((await infer('linear', body)).json().outputs).toEqual([y]);
  });

  it('answers the outputs that are asked for, in that order; all of them if none is', async () => {
    const vector = (name: string, data: number[]) => ({ name, datatype: 'FP32', shape: [2], data });
    const inputs = [vector('b', [5, 7]), vector('a', [2, 3])];
    const sum = vector('sum', [7, 10]);
    const product = vector('product', [10, 21]);
    const outputsOf = async (outputs?: string[]) => {
      const names = outputs?.map((name) => ({ name }));
      return (await infer('pair', { inputs, ...(names ? { outputs: names } : {}) })).json().outputs;
    };
    expect(await outputsOf()).toEqual([sum, product]);
    expect(await outputsOf([])).toEqual([sum, product]);
    expect(await outputsOf(['product'])).toEqual([product]);
    expect(await outputsOf(['product', 'sum'])).toEqual([product, sum]);
  });

  it.each<[DataType, string, unknown[], string]>([
    ['int64', 'INT64', [-1, '9007199254740993'], '[-1,9007199254740993]'],
    ['bool', 'BOOL', [true, false], '[true,false]'],
    ['string', 'BYTES', ['grüß', '"'], '["grüß","\\""]'],
    ['float16', 'FP16', [0.5, -2], '[0.5,-2]'],
  ])('carries %s as %s', async (model, datatype, data, text) => {
    const response = await infer(model, { inputs: [{ name: 'x', datatype, shape: [1, 2], data }] });
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain(`"datatype":"${datatype}","shape":[1,2],"data":${text}`);
  });

  it('writes null for NaN and infinities', async () => {
    const response = await infer('log', {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [-1, 0, 1] }],
    });
    expect(response.json().outputs[0].data).toEqual([null, null, 0]);
  });

  it("gives onnxruntime's own answer, bit by bit", async () => {
    const data = Float32Array.from({ length: 30 }, (_, i) => Math.sin(i) * 1e3);
    const session = await InferenceSession.create(join(folder, 'linear/10/model.onnx'));
    const expected = (await session.run({ x: new OrtTensor('float32', data, [10, 3]) })).y;
    const response = await infer('linear', { inputs: [{ ...x, shape: [10, 3], data: [...data] }] });
    expect(response.json().outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: expected?.dims, data: Array.from(expected?.data ?? [], Number) },
    ]);
  });

  it('gives concurrent requests their own answers', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const input = { ...x, shape: [1, 3], data: [i, 0, 0] };
        const { id, outputs } = (await infer('linear', { id: String(i), inputs: [input] })).json();
        return [id, outputs[0].data];
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => [String(i), [i, 2 * i]]));
  });

  it.each([
    ['no body', undefined, 'body: expected a JSON object, got nothing'],
    ['an empty body', '', 'body: expected a JSON object, got nothing'],
    ['no JSON', '{"inputs":', /^body: expected a JSON object, got text that is not JSON/],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /not JSON in UTF-8/],
    ['an array', '[]', 'body: expected a JSON object, got an array of 0'],
    ['null', 'null', 'body: expected a JSON object, got null'],
    ['a number', '1', 'body: expected a JSON object, got 1'],
    ['deep nesting', '['.repeat(50_000), 'body: expected JSON nested at most 64 deep'],
    ['closed deep nesting', '['.repeat(49_000) + ']'.repeat(49_000), 'expected JSON nested at most 64 deep'],
    ['no inputs', {}, 'inputs: expected an array, got nothing'],
    ['inputs that are an object', { inputs: {} }, 'inputs: expected an array, got an object'],
    ['an input that is a number', { inputs: [1] }, 'inputs[0]: expected an object with a name, got 1'],
    ['an input without a name', { inputs: [{ ...x, name: 1 }] }, 'inputs[0]: expected an object with a name'],
    ['an empty list', { inputs: [] }, 'inputs: expected input "x" among them, got nothing'],
    ['a wrong name', { inputs: [{ ...x, name: 'z' }] }, 'inputs: expected names among "x", got "z"'],
    ['a name too many', { inputs: [x, { ...x, name: 'z' }] }, 'inputs: expected names among "x", got "z"'],
    ['a name twice', { inputs: [x, x] }, 'inputs[1]: expected a name not used before, got "x"'],
    [
      'a wrong datatype',
      { inputs: [{ ...x, datatype: 'FP64' }] },
      'input "x": expected datatype FP32, got datatype "FP64"',
    ],
    [
      'no datatype',
      { inputs: [{ ...x, datatype: undefined }] },
      'expected datatype FP32, got datatype nothing',
    ],
    ['a wrong shape', { inputs: [{ ...x, shape: [3, 2] }] }, 'input "x": expected shape [-1,3], got [3,2]'],
    ['no shape', { inputs: [{ ...x, shape: undefined }] }, 'got nothing'],
    [
      'a batch of none',
      { inputs: [{ ...x, shape: [0, 3], data: [] }] },
      'whole numbers, the first from 1, got [0, 3]',
    ],
    [
      'too few elements',
      { inputs: [{ ...x, data: [1] }] },
      'expected 6 elements of data for shape [2,3], got 1',
    ],
    [
      'no data',
      { inputs: [{ ...x, data: undefined }] },
      'input "x": expected data to be an array, got nothing',
    ],
    ['a string among numbers', { inputs: [{ ...x, data: [1, 2, 3, 4, 5, '6'] }] }, 'got "6" at element 5'],
    ['NaN as null', { inputs: [{ ...x, data: [1, 2, 3, 4, 5, null] }] }, 'got null at element 5'],
    [
      'a number beyond FP32',
      { inputs: [{ ...x, data: [1e39, 2, 3, 4, 5, 6] }] },
      'as FP32, got 1e+39 at element 0',
    ],
    [
      'an unknown output',
      { inputs: [x], outputs: [{ name: 'z' }] },
      'outputs: expected names among "y", got "z"',
    ],
    [
      'an output twice',
      { inputs: [x], outputs: [{ name: 'y' }, { name: 'y' }] },
      'outputs[1]: expected a name not used',
    ],
    [
      'an output that is a string',
      { inputs: [x], outputs: ['y'] },
      'outputs[0]: expected an object with a name, got "y"',
    ],
    ['outputs that are an object', { inputs: [x], outputs: {} }, 'outputs: expected an array, got an object'],
    ['an id that is a number', { id: 1, inputs: [x] }, 'id: expected a string, got 1'],
  ])('refuses %s with 400', async (_, body, message) => {
    const response = await post('/v2/models/linear/infer', body);
    expectError(response, 400, '');
    if (typeof message === 'string') expect(response.json().error).toContain(message);
    else expect(response.json().error).toMatch(message);
  });

  it('answers 500 with the reason when the runtime fails, and goes on', async () => {
    const vector = (name: string, data: number[]) => ({ name, datatype: 'FP32', shape: [data.length], data });
    const failing = await infer('pair', { inputs: [vector('a', [1, 2]), vector('b', [1, 2, 3])] });
    expectError(failing, 500, /^model pair failed to run: .*(Add|Mul)/);
    expect((await infer('pair', { inputs: [vector('a', [1]), vector('b', [1])] })).statusCode).toBe(200);
  });
});

describe('classify', () => {
  /** 2×2 pixels: red, green, blue, black. */
  const picture = (format: 'png' | 'jpeg'): Promise<Buffer> =>
    sharp(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0), {
      raw: { width: 2, height: 2, channels: 3 },
    })
      .toFormat(format)
      .toBuffer();

  it('answers the labels, most probable first', async () => {
    const response = await post('/v2/models/rgb/classify?top=4', await picture('png'), {
      'content-type': 'image/png',
    });
    // The logits are the planes of the picture: 1 at red's, green's and blue's pixel, 0 at the other nine.
    const e = Math.E / (3 * Math.E + 9);
    expectAnswer(response, {
      model_name: 'rgb',
      model_version: '1',
      labels: [
        { label: 'class 0', index: 0, probability: expect.closeTo(e, 6) },
        { label: 'class 5', index: 5, probability: expect.closeTo(e, 6) },
        { label: 'class 10', index: 10, probability: expect.closeTo(e, 6) },
        { label: 'class 1', index: 1, probability: expect.closeTo(e / Math.E, 6) },
      ],
    });
  });

  it('takes the output probabilities as they are', async () => {
    const white = await sharp(Uint8Array.of(255, 0, 0, 51), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toBuffer();
    const { labels } = (await post('/v2/models/grey/classify', white)).json();
    expect(labels.map(({ probability }: { probability: number }) => probability)).toEqual([
      1,
      expect.closeTo(0.2),
      0,
      0,
    ]);
  });

  it.each(['image/jpeg', 'application/octet-stream', 'application/x-www-form-urlencoded'])(
    'takes a JPEG as %s, and five labels are the default',
    async (type) => {
      const response = await post('/v2/models/rgb/versions/1/classify', await picture('jpeg'), {
        'content-type': type,
      });
      expect(response.statusCode).toBe(200);
      expect(response.json().labels).toHaveLength(5);
    },
  );

  it.each(['0', '-1', '1.5', 'all', '', '1&top=2'])('refuses ?top=%s', async (top) => {
    const response = await post(`/v2/models/rgb/classify?top=${top}`, await picture('png'));
    expectError(response, 400, /query parameter top: expected a whole number from 1, got /);
  });

  it('refuses what is not an image, and models that take none', async () => {
    const notImage = /^the image: cannot be read as a PNG, JPEG or WebP image: it is /;
    expectError(await post('/v2/models/rgb/classify', Buffer.from('cat')), 400, notImage);
    expectError(await post('/v2/models/rgb/classify'), 400, notImage);
    expectError(
      await post('/v2/models/linear/classify', await picture('png')),
      400,
      /does not classify images/,
    );
    const large = await sharp({ create: { width: 101, height: 100, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expectError(await post('/v2/models/rgb/classify', large), 400, /pixel limit/);
  });
});

describe('HTTP', () => {
  it.each([
    ['POST', '/v2', 'GET, HEAD'],
    ['DELETE', '/v2/models/linear', 'GET, HEAD'],
    ['PUT', '/v2/models/linear/ready', 'GET, HEAD'],
    ['PATCH', '/', 'GET, HEAD'],
    ['OPTIONS', '/v2/models/linear/infer', 'POST'],
    ['GET', '/v2/models/linear/infer', 'POST'],
    ['GET', '/v2/models/linear/versions/9/classify', 'POST'],
  ] as const)('%s %s is 405', async (method, url, allow) => {
    const response = await app.inject({ method, url });
    expectError(response, 405, `${url} does not take ${method}; it takes ${allow}`);
    expect(response.headers.allow).toBe(allow);
  });

  it('refuses a wrong method before it reads the body', async () => {
    const response = await app.inject({ method: 'PUT', url: '/v2', payload: Buffer.alloc(200_000) });
    expect(response.statusCode).toBe(405);
  });

  it('refuses bodies over the limit with 413', async () => {
    const response = await post('/v2/models/linear/infer', Buffer.alloc(100_001));
    expectError(response, 413, "the request's body is larger than the limit of 100000 bytes");
  });

  it('refuses unknown encodings with 415 and says what it takes', async () => {
    const response = await post('/v2/models/linear/infer', '{}', { 'content-encoding': 'br' });
    expectError(response, 415, 'Content-Encoding "br" is not supported: expected gzip or deflate, or none');
    expect(response.headers['accept-encoding']).toBe('gzip, deflate, identity');
    const identity = await post('/v2/models/linear/infer', '{}', { 'content-encoding': 'identity' });
    expect(identity.statusCode).toBe(400);
  });

  it.each([
    ['/v2/models/%ff', 400],
    [`/v2/models/${'m'.repeat(300)}`, 414],
  ])('answers in its own form to a URL that the router refuses', async (url, status) => {
    expectError(await get(url), status, '');
  });

  it.each(['nonsense', ';', 'a/b/c', 'application/json, text/plain', ''])(
    'does not ask what a Content-Type that is none says: %j',
    async (type) => {
      const body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,0,0]}]}';
      expect((await post('/v2/models/linear/infer', body, { 'content-type': type })).statusCode).toBe(200);
    },
  );

  it.each(['PROPFIND', 'MKCOL', 'LOCK', 'DELETE'])(
    'answers 405 to %s where there is an endpoint',
    async (method) => {
      const response = await app.inject({ method: method as 'DELETE', url: '/v2/models/linear/infer' });
      expectError(response, 405, `/v2/models/linear/infer does not take ${method}; it takes POST`);
      expect((await app.inject({ method: method as 'DELETE', url: '/v3' })).statusCode).toBe(404);
    },
  );
});

describe('a model that fails', () => {
  /** The registry of the tests, with another session in all models. */
  const withSession = (session: Partial<Session>): FastifyInstance =>
    createApp({
      ...models,
      isReady: () => session.failure === undefined,
      find: (name, version) => {
        const found = models.find(name, version);
        return {
          ...found,
          session: Object.create(found.session, Object.getOwnPropertyDescriptors(session)),
        };
      },
    });
  const body = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] };
  const request = { method: 'POST', url: '/v2/models/linear/infer', payload: body } as const;

  it('is not ready, and the server lives', async () => {
    const failing = withSession({ failure: new Error('the worker thread ended with exit code 3') });
    expectAnswer(await failing.inject('/v2/health/ready'), { ready: false }, 503);
    expectAnswer(await failing.inject('/v2/models/linear/ready'), { name: 'linear', ready: false }, 503);
    expectAnswer(await failing.inject('/v2/health/live'), { live: true });
  });

  it('shows nothing of an unexpected error', async () => {
    const surprising = withSession({ infer: () => Promise.reject(new TypeError('x is not a function')) });
    expectError(await surprising.inject(request), 500, /^internal error; the server has logged it$/);
    const forgetful = withSession({ infer: async () => new Map() });
    expectError(await forgetful.inject(request), 500, /^internal error; the server has logged it$/);
  });
});
