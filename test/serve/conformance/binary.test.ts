/** The extension binary_tensor_data, from its text. */

import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataType } from '../../../src/onnx/ir.ts';
import { datatypes } from '../../../src/serve/protocol/datatypes.ts';
import { classifierModel, identityModel, linearModel, pairModel } from '../onnx.ts';
import {
  binaryBody,
  bytesElements,
  expectError,
  lengthHeader,
  openService,
  partsOf,
  type Service,
} from '../service.ts';

const dtypes = Object.keys(datatypes) as DataType[];

let service: Service;
beforeAll(async () => {
  service = await openService({
    'linear/1/model.onnx': linearModel(),
    'pair/1/model.onnx': pairModel(),
    'rgb/1/model.onnx': classifierModel(3),
    ...Object.fromEntries(dtypes.map((dtype) => [`${dtype}/1/model.onnx`, identityModel(dtype)])),
  });
});
afterAll(() => service.close());

const infer = (model: string, [body, headers]: [Buffer, Readonly<Record<string, string>>]) =>
  service.post(`/v2/models/${model}/infer`, body, headers);

const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const x = (size: number, rows = 2) => ({
  name: 'x',
  datatype: 'FP32',
  shape: [rows, 3],
  parameters: { binary_data_size: size },
});
const data = floats(1, 2, 3, 4, 5, 6);
const y = floats(22, 28, 49, 64);

describe('requests and answers', () => {
  it('takes a tensor in bytes and answers in JSON', async () => {
    const [json, rest] = partsOf(await infer('linear', binaryBody({ inputs: [x(24)] }, data)));
    expect(json.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [2, 2], data: [22, 28, 49, 64] }]);
    expect(rest).toHaveLength(0);
  });

  const inBytes = { name: 'y', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } };

  it.each([
    ['binary_data_output', { parameters: { binary_data_output: true } }],
    ['binary_data', { outputs: [{ name: 'y', parameters: { binary_data: true } }] }],
    [
      'both, and the output has its way',
      {
        parameters: { binary_data_output: false },
        outputs: [{ name: 'y', parameters: { binary_data: true } }],
      },
    ],
  ])('answers in bytes where %s says so', async (_, asked) => {
    const response = await infer('linear', binaryBody({ id: 'a', inputs: [x(24)], ...asked }, data));
    expect(response.headers['content-length']).toBe(String(response.rawPayload.length));
    const [json, rest] = partsOf(response);
    expect(json).toEqual({ model_name: 'linear', model_version: '1', id: 'a', outputs: [inBytes] });
    expect(rest).toEqual(y);
  });

  it('answers in bytes to a request in JSON, and in JSON where an output says so', async () => {
    const input = { name: 'x', datatype: 'FP32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
    const parameters = { binary_data_output: true };
    const [json, rest] = partsOf(
      await service.post('/v2/models/linear/infer', { parameters, inputs: [input] }),
    );
    expect([json.outputs, rest]).toEqual([[inBytes], y]);
    const outputs = [{ name: 'y', parameters: { binary_data: false } }];
    const response = await service.post('/v2/models/linear/infer', { parameters, inputs: [input], outputs });
    expect(partsOf(response)[1]).toHaveLength(0);
  });

  it('takes the blobs in the order of the inputs, and gives them in the order of the outputs', async () => {
    const vector = (name: string, more: object) => ({ name, datatype: 'FP32', shape: [2], ...more });
    const size = { parameters: { binary_data_size: 8 } };
    const outputs = [
      { name: 'product', parameters: { binary_data: true } },
      { name: 'sum', parameters: { binary_data: true } },
    ];
    const both = { inputs: [vector('b', size), vector('a', size)], outputs };
    const [, rest] = partsOf(await infer('pair', binaryBody(both, floats(5, 7), floats(2, 3))));
    expect(rest).toEqual(floats(10, 21, 7, 10));
    const mixed = {
      inputs: [vector('b', { data: [5, 7] }), vector('a', size)],
      outputs: [outputs[0], { name: 'sum' }],
    };
    const [json, product] = partsOf(await infer('pair', binaryBody(mixed, floats(2, 3))));
    expect(product).toEqual(floats(10, 21));
    expect(json.outputs).toMatchObject([{ parameters: { binary_data_size: 8 } }, { data: [7, 10] }]);
  });

  it.each(dtypes)('carries %s bit for bit, wherever it begins', async (dtype) => {
    const { name, width } = datatypes[dtype];
    const count = fc.integer({ min: 1, max: 4 });
    const blob = (rows: number): fc.Arbitrary<Buffer> =>
      dtype === 'string'
        ? fc
            .array(
              fc.string({ unit: 'binary', maxLength: 5 }).map((text) => text.replaceAll('\0', '\ufeff')),
              { minLength: rows * 2, maxLength: rows * 2 },
            )
            .map((texts) => bytesElements(...texts))
        : dtype === 'bool'
          ? fc
              .uint8Array({ minLength: rows * 2, maxLength: rows * 2, max: 1 })
              .map((bits) => Buffer.from(bits))
          : fc
              .uint8Array({ minLength: rows * 2 * width, maxLength: rows * 2 * width })
              .map((bytes) => Buffer.from(bytes));
    const requests = fc.record({ rows: count, padding: fc.integer({ min: 0, max: 7 }) }).chain((request) =>
      fc.record({
        ...Object.fromEntries(Object.entries(request).map(([k, v]) => [k, fc.constant(v)])),
        bytes: blob(request.rows),
      }),
    ) as fc.Arbitrary<{ rows: number; padding: number; bytes: Buffer }>;
    await fc.assert(
      fc.asyncProperty(requests, async ({ rows, padding, bytes }) => {
        const json = {
          parameters: { binary_data_output: true },
          inputs: [
            { name: 'x', datatype: name, shape: [rows, 2], parameters: { binary_data_size: bytes.length } },
          ],
        };
        const text = JSON.stringify(json) + ' '.repeat(padding);
        const [answer, rest] = partsOf(await infer(dtype, binaryBody(text, bytes)));
        expect(answer.outputs).toMatchObject([{ datatype: name, shape: [rows, 2] }]);
        // NaN has many bit patterns, and JavaScript may keep one: bits of floats are kept all the same.
        expect(rest.equals(bytes)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a body of nothing but data (length 0)', () => {
  const raw = (model: string, body: Buffer) => infer(model, [body, { [lengthHeader]: '0' }]);

  it('is the only input, its open dimension found by its length, and is answered in bytes', async () => {
    const [json, rest] = partsOf(await raw('linear', data));
    expect(json.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
    ]);
    expect(rest).toEqual(y);
  });

  it('is one element of BYTES, without its length', async () => {
    const one = await openService({ 'text/1/model.onnx': identityModel('string', ['batch']) });
    const response = await one.post('/v2/models/text/infer', Buffer.from('grüß'), { [lengthHeader]: '0' });
    expect(partsOf(response)[1]).toEqual(bytesElements('grüß'));
    await one.close();
  });

  it('is an image, where the model takes images', async () => {
    const red = sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });
    for (const file of [await red.png().toBuffer(), await red.webp({ lossless: true }).toBuffer()]) {
      const [, rest] = partsOf(await raw('rgb', file));
      expect(rest).toEqual(floats(1, 1, 1, 1, ...Array.from({ length: 8 }, () => 0)));
    }
    const pixels = floats(...Array.from({ length: 24 }, (_, i) => i));
    expect(partsOf(await raw('rgb', pixels))[1]).toEqual(pixels);
  });

  it.each([
    ['linear', Buffer.alloc(0), /expected a multiple of 12 bytes for shape \[-1,3\], got 0/],
    ['linear', Buffer.alloc(13), /got 13/],
    ['pair', Buffer.alloc(8), /a model with one input, got a model with 2/],
  ])('is refused by %s where it is %j', async (model, body, message) => {
    expectError(await raw(model, body), 400, message);
  });
});

describe('images as BYTES', () => {
  const png = (background: string) =>
    sharp({ create: { width: 3, height: 5, channels: 3, background } })
      .png()
      .toBuffer();
  const planes = (r: number, g: number, b: number) =>
    [r, g, b].flatMap((value) => Array.from({ length: 4 }, () => value));

  it.each([[[2]], [[2, 1]]])('of shape %j are decoded, sized and run as a batch', async (shape) => {
    const blob = bytesElements(await png('red'), await png('blue'));
    const input = { name: 'image', datatype: 'BYTES', shape, parameters: { binary_data_size: blob.length } };
    const [json] = partsOf(await infer('rgb', binaryBody({ inputs: [input] }, blob)));
    expect(json.outputs).toMatchObject([{ shape: [2, 12], data: [...planes(1, 0, 0), ...planes(0, 0, 1)] }]);
  });

  it('are base64 in JSON', async () => {
    const input = {
      name: 'image',
      datatype: 'BYTES',
      shape: [1],
      data: [(await png('lime')).toString('base64')],
    };
    const [json] = partsOf(await service.post('/v2/models/rgb/infer', { inputs: [input] }));
    expect(json.outputs).toMatchObject([{ data: planes(0, 1, 0) }]);
  });

  it.each([
    ['no image', [1], bytesElements('cat'), /the image: cannot be read as a PNG, JPEG or WebP image/],
    ['too few', [2], bytesElements('cat'), /2 elements of BYTES, got 1/],
    ['a shape of numbers', [1, 3, 2, 2], bytesElements('cat'), /shape \[N\] of N images as BYTES/],
    ['a bad length', [1], Buffer.from([9, 0, 0, 0, 1]), /a length of 4 bytes and as many bytes/],
  ])('are refused: %s', async (_, shape, blob, message) => {
    const input = { name: 'image', datatype: 'BYTES', shape, parameters: { binary_data_size: blob.length } };
    expectError(await infer('rgb', binaryBody({ inputs: [input] }, blob)), 400, message);
  });
});

describe('malformed', () => {
  const good = { inputs: [x(24)] };
  const text = JSON.stringify(good);

  it.each(['-1', '1e2', 'x', '', '99999', '0x10', '3.5', '9'.repeat(30)])(
    'a length of "%s"',
    async (length) => {
      const response = await service.post('/v2/models/linear/infer', Buffer.from(text), {
        [lengthHeader]: length,
      });
      expectError(response, 400);
    },
  );

  it.each<[string, object | string, Buffer, RegExp]>([
    ['too few bytes', good, data.subarray(1), /24 bytes of binary data, got 23 left/],
    [
      'too many bytes',
      good,
      Buffer.concat([data, data]),
      /expected 24 bytes of binary data behind the JSON, got 48/,
    ],
    [
      'a size that is not the shape',
      { inputs: [x(20)] },
      data.subarray(4),
      /24 bytes of binary data for FP32 of shape \[2,3\], got 20/,
    ],
    ['a size below 0', { inputs: [x(-4)] }, data, /binary_data_size: expected a whole number from 0, got -4/],
    [
      'a size that is no number',
      { inputs: [{ ...x(0), parameters: { binary_data_size: '24' } }] },
      data,
      /got "24"/,
    ],
    ['a size of no bytes', { inputs: [x(0)] }, data, /for FP32 of shape \[2,3\], got 0/],
    ['a size beyond everything', { inputs: [x(2 ** 53 - 1)] }, data, /9007199254740991 bytes of binary data/],
    ['a shape beyond everything', { inputs: [{ ...x(24), shape: [2 ** 50, 3] }] }, data, /got 24/],
    ['data twice', { inputs: [{ ...x(24), data: [1] }] }, data, /no data beside binary_data_size/],
    [
      'bytes and no input for them',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] },
      data,
      /0 bytes of binary data behind the JSON, got 24/,
    ],
    [
      'parameters that are a list',
      { inputs: [{ ...x(24), parameters: [] }] },
      data,
      /parameters: expected an object/,
    ],
    ['half of the JSON', text.slice(0, 20), data, /not JSON/],
    [
      'binary_data_output that is a text',
      { ...good, parameters: { binary_data_output: 'yes' } },
      data,
      /true or false, got "yes"/,
    ],
    [
      'binary_data that is a number',
      { ...good, outputs: [{ name: 'y', parameters: { binary_data: 1 } }] },
      data,
      /true or false, got 1/,
    ],
    [
      'an input in shared memory',
      {
        inputs: [
          {
            ...{ name: 'x', datatype: 'FP32', shape: [2, 3] },
            parameters: { shared_memory_region: 'r', shared_memory_byte_size: 24 },
          },
        ],
      },
      Buffer.alloc(0),
      /input "x": expected no shared_memory_region, as this server shares no memory, got "r"/,
    ],
    [
      'an output into shared memory',
      { ...good, outputs: [{ name: 'y', parameters: { shared_memory_region: 'r' } }] },
      data,
      /output "y": expected no shared_memory_region/,
    ],
  ])('%s', async (_, json, blob, message) => {
    expectError(await infer('linear', binaryBody(json, blob)), 400, message);
  });

  it.each<[string, DataType, Buffer, RegExp]>([
    ['a BOOL of 2', 'bool', Buffer.of(0, 2), /bytes of 0 or 1 as BOOL, got 2 at element 1/],
    ['BYTES whose length is cut', 'string', Buffer.of(0, 0, 0, 0, 1, 0), /a length of 4 bytes/],
    [
      'BYTES beyond the end',
      'string',
      Buffer.concat([bytesElements('a'), Buffer.of(255, 255, 255, 255)]),
      /a length of 4 bytes/,
    ],
    [
      'an element of BYTES too many',
      'string',
      bytesElements('a', 'b', 'c'),
      /2 elements of BYTES, got 2 and 5 bytes more/,
    ],
    ['an element of BYTES too few', 'string', bytesElements('a'), /2 elements of BYTES, got 1/],
    [
      'BYTES with a NUL, which onnxruntime would take for the end',
      'string',
      bytesElements('a', 'b\0c'),
      /text without NUL/,
    ],
    [
      'BYTES that are no text, for a model of texts',
      'string',
      bytesElements('a', Buffer.of(255)),
      /text in UTF-8/,
    ],
  ])('%s', async (_, dtype, blob, message) => {
    const { name } = datatypes[dtype];
    const input = { name: 'x', datatype: name, shape: [1, 2], parameters: { binary_data_size: blob.length } };
    expectError(await infer(dtype, binaryBody({ inputs: [input] }, blob)), 400, message);
  });

  it('is answered 400, never with a wrong tensor, whatever is cut, flipped or added', async () => {
    const [body, headers] = binaryBody({ parameters: { binary_data_output: true }, inputs: [x(24)] }, data);
    const length = Number(headers[lengthHeader]);
    const mutations = fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), at: fc.integer({ min: 0, max: body.length - 1 }) }),
      fc.record({ kind: fc.constant('add' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
      fc.record({
        kind: fc.constant('flip' as const),
        at: fc.integer({ min: 0, max: length - 1 }),
        by: fc.integer({ min: 1, max: 255 }),
      }),
      fc.record({ kind: fc.constant('length' as const), to: fc.integer({ min: 0, max: body.length + 5 }) }),
      fc.record({ kind: fc.constant('random' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
    );
    await fc.assert(
      fc.asyncProperty(mutations, async (mutation) => {
        let sent = Buffer.from(body);
        let at = length;
        if (mutation.kind === 'cut') sent = sent.subarray(0, mutation.at);
        else if (mutation.kind === 'add') sent = Buffer.concat([sent, mutation.bytes]);
        else if (mutation.kind === 'random') sent = Buffer.from(mutation.bytes);
        else if (mutation.kind === 'length') at = mutation.to;
        else sent[mutation.at] = (sent[mutation.at] ?? 0) ^ mutation.by;
        const response = await infer('linear', [sent, { [lengthHeader]: String(at) }]);
        if (response.statusCode === 200) {
          // A flip may leave a request that is good: in what no one reads, or another shape of as many elements.
          const [, rest] = partsOf(response);
          const same = rest.equals(y) || response.body.includes('"data":[22,28,49,64]');
          expect(same || (mutation.kind === 'length' && mutation.to === 0)).toBe(true);
        } else expectError(response, 400);
      }),
      { numRuns: 400 },
    );
  });
});
