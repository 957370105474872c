import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type ArrayFile, readArrays, writeArrays } from '../../src/runs/safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-arrays-'));
const file = join(folder, 'arrays.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));

const array = fc.array(fc.nat({ max: 4 }), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, d) => product * d, 1);
  const data = fc.float32Array({ minLength: length, maxLength: length });
  return fc.record({ shape: fc.constant(shape), data });
});

/** Names and texts of any characters, those that mean something to JavaScript among them. */
const name = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('constructor', 'toString', 'a/b', '"'),
);

const files: fc.Arbitrary<ArrayFile> = fc.record({
  arrays: fc.dictionary(
    name.filter((n) => n !== '__metadata__' && n !== '__proto__'),
    array,
    { maxKeys: 5 },
  ),
  metadata: fc.dictionary(
    name.filter((n) => n !== '__proto__'),
    fc.string({ unit: 'grapheme' }),
    { maxKeys: 3 },
  ),
});

const bytesOf = (content: ArrayFile): Buffer => {
  writeArrays(file, content);
  return readFileSync(file);
};

const read = (bytes: Uint8Array): ArrayFile => {
  writeFileSync(file, bytes);
  return readArrays(file);
};

/** A file with this header, which need not make sense, and some bytes of data. */
function withHeader(header: unknown, dataLength = 8): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataLength)]);
}

function expectSoundOrRefused(bytes: Uint8Array): void {
  try {
    for (const { shape, data } of Object.values(read(bytes).arrays)) {
      expect(data).toHaveLength(shape.reduce((product, d) => product * d, 1));
      expect(data.byteLength).toBeLessThanOrEqual(bytes.length);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
  }
}

describe('safetensors', () => {
  it('round trip', () => {
    fc.assert(
      fc.property(files, (content) => {
        writeArrays(file, content);
        expect(readArrays(file)).toEqual(content);
      }),
    );
  });

  it('have the layout of the format', () => {
    const bytes = bytesOf({
      arrays: {
        a: { shape: [2], data: Float32Array.of(1, -2) },
        b: { shape: [], data: Float32Array.of(0.5) },
      },
      metadata: { genotype: 'ü' },
    });
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
      __metadata__: { genotype: 'ü' },
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'F32', shape: [], data_offsets: [8, 12] },
    });
    const data = bytes.subarray(8 + length);
    expect([0, 4, 8].map((at) => data.readFloatLE(at))).toEqual([1, -2, 0.5]);
    expect(data).toHaveLength(12);
  });

  it('are read from parts of larger arrays, and wherever the header ends', () => {
    const theta = Float32Array.of(1, 2, 3, 4);
    for (const text of ['', 'x', 'xx', 'xxx', 'äöü']) {
      const bytes = bytesOf({
        arrays: { w: { shape: [2], data: theta.subarray(1, 3) } },
        metadata: { text },
      });
      expect(read(bytes).arrays.w?.data).toEqual(Float32Array.of(2, 3));
    }
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  it.each<[string, Uint8Array, string]>([
    ['an empty file', Buffer.alloc(0), 'expected 8 bytes of header length at offset 0, got 0'],
    ['a length alone', Buffer.alloc(7), 'expected 8 bytes of header length at offset 0, got 7'],
    ['a header longer than the file', Buffer.alloc(8, 0xff), "ends after the file's 8 bytes"],
    ['no header', withHeader(''), 'the header at offset 8 is not JSON'],
    ['a header that is no JSON', withHeader('{'), 'the header at offset 8 is not JSON'],
    ['a list for a header', withHeader([]), 'the header at offset 8 is not a JSON object'],
    ['null for a header', withHeader('null'), 'the header at offset 8 is not a JSON object'],
    [
      'metadata that are a text',
      withHeader({ __metadata__: 'x' }),
      'the metadata in the header at offset 8 are not texts',
    ],
    [
      'metadata with a number',
      withHeader({ __metadata__: { epoch: 3 } }),
      'the metadata in the header at offset 8 are not texts',
    ],
    ...(
      [
        ['null', null],
        ['a number', 5],
        ['nothing', {}],
        ['another type', { ...entry, dtype: 'F64' }],
        ['no shape', { ...entry, shape: undefined }],
        ['a shape that is a text', { ...entry, shape: '2' }],
        ['a negative size', { ...entry, shape: [-2] }],
        ['two negative sizes', { ...entry, shape: [-1, -2] }],
        ['half a size', { ...entry, shape: [0.5, 4] }],
        ['a huge shape', { ...entry, shape: [2 ** 40] }],
        ['a shape beyond all numbers', { ...entry, shape: Array(40).fill(2 ** 50) }],
        ['a size that is a text', { ...entry, shape: ['2'] }],
        ['one offset', { ...entry, data_offsets: [8] }],
        ['three offsets', { ...entry, data_offsets: [0, 8, 8] }],
        ['an offset before the data', { ...entry, data_offsets: [-8, 0] }],
        ['an offset behind the data', { ...entry, data_offsets: [8, 16] }],
        ['offsets the wrong way round', { ...entry, data_offsets: [8, 0] }],
        ['an offset that is a text', { ...entry, data_offsets: ['0', 8] }],
        ['offsets of another size', { ...entry, data_offsets: [0, 4] }],
        ['huge shape and offsets', { ...entry, shape: [2 ** 50], data_offsets: [0, 2 ** 52] }],
      ] as const
    ).map(([what, value]): [string, Uint8Array, string] => [
      `an array of ${what}`,
      withHeader({ a: value }),
      'the array a, ',
    ]),
  ])('refuse %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(InputError);
    expect(() => read(bytes)).toThrow(`${file} is not a whole safetensors file: `);
  });

  it('name a file that is not there', () => {
    expect(() => readArrays(join(folder, 'none'))).toThrow(InputError);
    expect(() => readArrays(join(folder, 'none'))).toThrow(`cannot read ${join(folder, 'none')}: ENOENT`);
  });

  it('are refused wherever they are cut', () => {
    const bytes = bytesOf({
      arrays: { a: { shape: [3], data: Float32Array.of(1, 2, 3) } },
      metadata: { x: 'y' },
    });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length)), `${length} bytes`).toThrow(InputError);
    }
  });

  it('are sound or refused, whatever happens to their bytes', () => {
    const byte = fc.nat({ max: 255 });
    const changes = fc.array(fc.tuple(fc.nat(), byte), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(files.map(bytesOf), changes, fc.boolean(), (bytes, list, inHeader) => {
        const broken = Buffer.from(bytes);
        const reach = inHeader ? 8 + Number(bytes.readBigUInt64LE(0)) : bytes.length;
        for (const [at, value] of list) broken[at % reach] = value;
        expectSoundOrRefused(broken);
      }),
      { numRuns: 400 },
    );
  });

  it('are sound or refused, whatever the header says', () => {
    const header = fc.dictionary(
      fc.constantFrom('a', '__metadata__', '__proto__', 'constructor'),
      fc.oneof(
        fc.record(
          {
            dtype: fc.constantFrom('F32', 'F16', 7),
            shape: fc.oneof(fc.array(fc.oneof(fc.nat({ max: 3 }), fc.double())), fc.jsonValue()),
            data_offsets: fc.oneof(
              fc.tuple(fc.integer({ min: -8, max: 40 }), fc.integer({ min: -8, max: 40 })),
              fc.jsonValue(),
            ),
          },
          { requiredKeys: [] },
        ),
        fc.jsonValue(),
      ),
    );
    fc.assert(
      fc.property(header, fc.nat({ max: 64 }), (value, length) =>
        expectSoundOrRefused(withHeader(value, length)),
      ),
      {
        numRuns: 400,
      },
    );
  });
});
