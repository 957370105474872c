import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataType } from '../../../src/onnx/ir.ts';
import { datatypes } from '../../../src/serve/protocol/datatypes.ts';
import { ProtocolError } from '../../../src/serve/protocol/errors.ts';
import { decodeTensor, encodeTensor } from '../../../src/serve/protocol/tensor.ts';
import { sizeOf, type Tensor, type TensorSignature } from '../../../src/serve/tensor.ts';

const signature = (dtype: DataType, shape: TensorSignature['shape']): TensorSignature => ({
  name: 'x',
  dtype,
  shape,
});

const decode = (dtype: DataType, shape: readonly number[], data: unknown): Tensor =>
  decodeTensor({ name: 'x', datatype: datatypes[dtype].name, shape, data }, signature(dtype, shape));

/** What decoding gives: the elements, or the status and message of the error. */
function outcome(run: () => Tensor): unknown {
  try {
    return Array.from<unknown>(run().data);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

/** JSON values that each datatype takes, and the element that each becomes. */
const accepted: Record<DataType, readonly (readonly [unknown, unknown])[]> = {
  bool: [
    [true, 1],
    [false, 0],
  ],
  uint8: [
    [0, 0],
    [255, 255],
  ],
  uint16: [[65535, 65535]],
  uint32: [[4294967295, 4294967295]],
  uint64: [
    [7, 7n],
    [2 ** 53 - 1, 9007199254740991n],
    ['18446744073709551615', 18446744073709551615n],
  ],
  int8: [
    [-128, -128],
    [127, 127],
  ],
  int16: [
    [-32768, -32768],
    [32767, 32767],
  ],
  int32: [
    [-2147483648, -2147483648],
    [2147483647, 2147483647],
  ],
  int64: [
    [-1, -1n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740993', 9007199254740993n],
  ],
  float16: [
    [1, 0x3c00],
    [-65504, 0xfbff],
    [0.1, 0x2e66],
  ],
  float32: [
    [0.1, Math.fround(0.1)],
    [3.4028234663852886e38, 3.4028234663852886e38],
    [-0, -0],
  ],
  float64: [
    [0.1, 0.1],
    [Number.MAX_VALUE, Number.MAX_VALUE],
  ],
  string: [
    ['', ''],
    ['grüß', 'grüß'],
    ['"\n', '"\n'],
  ],
};

/** JSON values that it refuses. */
const refused: Record<DataType, readonly unknown[]> = {
  bool: [1, 0, 'true', null, [true], {}],
  uint8: [-1, 256, 1.5, '1', true, null, [1], {}],
  uint16: [-1, 65536],
  uint32: [-1, 4294967296],
  uint64: [-1, '-1', 2 ** 53, '18446744073709551616', '1e3', '', '0x1', 0.5, null],
  int8: [-129, 128],
  int16: [-32769, 32768],
  int32: [-2147483649, 2147483648],
  int64: [2 ** 53, 2 ** 63, '9223372036854775808', '-9223372036854775809', '1.0', ' 1', null],
  float16: [65520, -65520, '1', null],
  float32: [3.5e38, Number.POSITIVE_INFINITY, '1', 'NaN', null, true, [1]],
  float64: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '1', null],
  string: [1, true, null, ['a'], {}, 'a\0b', '\ud800'],
};

const dtypes = Object.keys(datatypes) as DataType[];

describe.each(dtypes)('%s elements', (dtype) => {
  it.each(accepted[dtype])('takes %j', (value, element) => {
    expect(outcome(() => decode(dtype, [1], [value]))).toEqual([element]);
  });

  it.each(refused[dtype].map((value) => [value]))('refuses %j', (value) => {
    const { name, expects } = datatypes[dtype];
    expect(outcome(() => decode(dtype, [1], [value]))).toContain(
      `400 input "x": expected ${expects} as ${name}, got `,
    );
  });

  it('reads back what it wrote', () => {
    const data = accepted[dtype].map(([value]) => value);
    const tensor = decode(dtype, [data.length], data);
    const object: unknown = JSON.parse([...encodeTensor('x', tensor)].join(''));
    const restored = dtype.endsWith('int64') ? { data } : {};
    // 64-bit integers are written as numbers; beyond 2^53 JavaScript's own parser rounds them.
    expect(
      decodeTensor(Object.assign({}, object as { name: string }, restored), signature(dtype, [data.length])),
    ).toEqual(tensor);
  });
});

describe('encoding', () => {
  const text = (dtype: DataType, data: Tensor['data']): string =>
    [...encodeTensor('y', { dtype, shape: [data.length], data })].join('');

  it('writes many elements in parts that are whole together', () => {
    for (const length of [0, 1, 8191, 8192, 8193, 20_000]) {
      const parts = [
        ...encodeTensor('y', {
          dtype: 'int32',
          shape: [length],
          data: Int32Array.from({ length }, (_, i) => i),
        }),
      ];
      expect(JSON.parse(parts.join(''))).toMatchObject({
        shape: [length],
        data: Array.from({ length }, (_, i) => i),
      });
      expect(parts.length).toBe(Math.ceil(length / 8192) + 1);
    }
  });

  it('writes null for what JSON has no number for', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const values = [nan, infinity, -infinity, -0, 1.5];
    expect(text('float32', Float32Array.from(values))).toBe(
      '{"name":"y","datatype":"FP32","shape":[5],"data":[null,null,null,-0,1.5]}',
    );
    expect(text('float64', Float64Array.from(values))).toContain('[null,null,null,-0,1.5]');
    expect(text('float16', Uint16Array.of(0x7e00, 0x7c00, 0x3c00))).toContain('[null,null,1]');
  });

  it('writes every digit of 64-bit integers, booleans and strings', () => {
    expect(text('int64', BigInt64Array.of(-9223372036854775808n, 1n))).toContain('[-9223372036854775808,1]');
    expect(text('uint64', BigUint64Array.of(18446744073709551615n))).toContain('[18446744073709551615]');
    expect(text('bool', Uint8Array.of(0, 1, 2))).toContain('[false,true,true]');
    expect(text('string', ['a"b', '\u2028'])).toContain('["a\\"b","\u2028"]');
  });
});

describe('shapes', () => {
  const six = [1, 2, 3, 4, 5, 6];
  const of = (shape: unknown, expected: TensorSignature['shape'], data: unknown): unknown =>
    outcome(() => decodeTensor({ name: 'x', datatype: 'FP32', shape, data }, signature('float32', expected)));

  it.each([
    [
      [2, 3],
      [2, 3],
    ],
    [
      [2, 3],
      ['batch', 3],
    ],
    [[6], ['n']],
    [
      [1, 2, 3],
      ['n', 'h', 'w'],
    ],
    [[3, 2], []],
  ])('%j fits %j', (shape, expected) => {
    expect(of(shape, expected, six)).toEqual(six);
  });

  it.each([
    [[3, 2], ['batch', 3], 'expected shape [-1,3], got [3,2]'],
    [[6], ['batch', 3], 'expected shape [-1,3], got [6]'],
    [[], [6], 'expected shape [6], got []'],
    [[-1, 3], ['batch', 3], 'expected shape to be an array of whole numbers, the first from 1, got [-1, 3]'],
    [[0, 3], ['batch', 3], 'whole numbers, the first from 1, got [0, 3]'],
    [
      [1, 0, 2 ** 40],
      ['batch', 'n', 'm'],
      'expected lengths beside 0 of at most 67108864 together, got [1,0,1099511627776]',
    ],
    [[1.5], ['n'], 'got [1.5]'],
    [['6'], ['n'], 'got ["6"]'],
    [[[6]], ['n'], 'got [an array of 1]'],
    ['6', ['n'], 'got "6"'],
    [undefined, ['n'], 'got nothing'],
    [{}, ['n'], 'got an object'],
    [[2, 4], ['a', 'b'], 'expected 8 elements of data for shape [2,4], got 6'],
    [[2 ** 40, 2 ** 40], ['a', 'b'], 'elements of data'],
  ])('%j does not fit %j', (shape, expected, message) => {
    expect(of(shape, expected, six)).toMatch(/^400 input "x": /);
    expect(of(shape, expected, six)).toContain(message);
  });

  it.each([
    [[[1, 2, 3]], 'expected arrays of 2 at depth 1 of data for shape [2,3], got an array of 1'],
    [
      [
        [1, 2, 3],
        [4, 5],
      ],
      'expected arrays of 3 at depth 2 of data for shape [2,3], got an array of 2',
    ],
    [[[1, 2, 3], 4], 'at depth 2 of data for shape [2,3], got 4'],
    [[1, [2, 3], 4, 5, 6, 7], 'got an array of 2 at element 1'],
    [
      [
        [1, 2, 3],
        [4, 5, [6]],
      ],
      'got an array of 1 at element 5',
    ],
    [
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      'got an array of 1',
    ],
    [[1, 2, 3, 4, 5], 'expected 6 elements of data for shape [2,3], got 5'],
    ['123456', 'expected data to be an array, got "123456"'],
    [{ length: 6 }, 'got an object'],
    [undefined, 'got nothing'],
    [null, 'got null'],
  ])('data %j do not fit [2, 3]', (data, message) => {
    expect(of([2, 3], ['a', 3], data)).toMatch(/^400 input "x": /);
    expect(of([2, 3], ['a', 3], data)).toContain(message);
  });

  it('refuses arrays that are nested a million deep, without recursion', () => {
    let data: unknown = [1];
    for (let depth = 1; depth < 1_000_000; depth++) data = [data];
    expect(of([1, 1], ['a', 'b'], data)).toMatch(/^400 /);
    expect(of([1], [], data)).toMatch(/^400 /);
  });
});

/** Data nested as a shape says. */
function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return values[0];
  const size = sizeOf(rest);
  return Array.from({ length }, (_, i) => nest(values.slice(i * size, (i + 1) * size), rest));
}

describe('any data', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  const tensorsOf = (lengths: fc.Arbitrary<number[]>) =>
    lengths.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
          minLength: sizeOf(shape),
          maxLength: sizeOf(shape),
        }),
      }),
    );
  const tensors = tensorsOf(shapes);
  /** Those without elements, too. */
  const allTensors = tensorsOf(
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
      .map(([first, rest]) => [first, ...rest]),
  );

  it('gives the same tensor nested and flat, whatever the shape', () => {
    fc.assert(
      fc.property(allTensors, ({ shape, values }) => {
        const expected = { dtype: 'float32', shape, data: Float32Array.from(values) };
        expect(decode('float32', shape, values)).toEqual(expected);
        expect(decode('float32', shape, nest(values, shape))).toEqual(expected);
      }),
    );
  });

  it('is refused with 400 when its shape is another one', () => {
    fc.assert(
      fc.property(tensors, shapes, ({ shape, values }, other) => {
        fc.pre(other.join() !== shape.join());
        const data = nest(values, shape);
        const sameFlat = shape.length === 1 && sizeOf(other) === values.length;
        if (!sameFlat) expect(outcome(() => decode('float32', other, data))).toMatch(/^400 input "x": /);
      }),
    );
  });

  it('is either the right tensor or a 400, never anything else', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const lengths = fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...dtypes), fc.oneof(lengths, json), json, (dtype, shape, data) => {
        const object = { name: 'x', datatype: datatypes[dtype].name, shape, data };
        const result = outcome(() => decodeTensor(object, signature(dtype, [])));
        if (typeof result === 'string') expect(result).toMatch(/^400 input "x": expected .*, got /s);
        else {
          const flat = (data as unknown[]).flat(Number.POSITIVE_INFINITY);
          expect(result).toHaveLength(sizeOf(shape as number[]));
          if (flat.length > 0) expect(result).toEqual(outcome(() => decode(dtype, [flat.length], flat)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
