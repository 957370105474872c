import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/serve/protocol/errors.ts';
import { parseFloatArrays } from '../../../src/serve/protocol/float-arrays.ts';
import { parseObject } from '../../../src/serve/protocol/json.ts';

const request = (data: string, more = ''): string =>
  `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":${data}${more}}]}`;

interface Read {
  readonly inputs?: readonly { readonly data?: ArrayLike<number> }[];
}

const quickly = (text: string): Read | undefined => parseFloatArrays(Buffer.from(text)) as Read | undefined;

/** The numbers of the first input as singles: read quickly, and by JSON.parse. */
const both = (text: string) => [
  [...((quickly(text)?.inputs?.[0]?.data ?? []) as Float32Array)],
  [...Float32Array.from((JSON.parse(text) as Read).inputs?.[0]?.data ?? [])],
];

const expectSame = (numbers: readonly string[]): void => {
  const [own, parsed] = both(request(`[${numbers.join(',')}]`));
  expect(own?.length).toBe(numbers.length);
  own?.forEach((value, i) => {
    if (!Object.is(value, parsed?.[i])) throw new Error(`${numbers[i]}: ${value} in place of ${parsed?.[i]}`);
  });
};

/** Doubles that single precision holds, in all magnitudes. */
const double = fc
  .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -46, max: 38 }))
  .map(([value, exponent]) => value * 10 ** exponent);

const written = fc
  .tuple(double, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3 }))
  .map(([value, digits, how]) => {
    if (how === 0) return String(value);
    if (how === 1) return value.toExponential(digits);
    if (how === 2 && Math.abs(value) < 1e21) return value.toFixed(digits);
    return value.toPrecision(digits + 1).replace('e', 'E');
  });

describe('numbers read from the text', () => {
  it('are those of JSON.parse to the bit, however they are written', () =>
    fc.assert(fc.property(fc.array(written, { minLength: 1, maxLength: 50 }), expectSame), { numRuns: 500 }));

  it('are rounded as it rounds them, halfway between two singles and next to that', () => {
    const bits = new DataView(new ArrayBuffer(8));
    const single = (pattern: number): number => {
      bits.setUint32(0, pattern);
      return bits.getFloat32(0);
    };
    const step = (value: number, by: bigint): number => {
      bits.setFloat64(0, value);
      bits.setBigInt64(0, bits.getBigInt64(0) + by);
      return bits.getFloat64(0);
    };
    const pattern = fc.integer({ min: 1, max: 0x7f7ffffe });
    fc.assert(
      fc.property(
        pattern,
        fc.bigInt({ min: -3n, max: 3n }),
        fc.integer({ min: 15, max: 30 }),
        (at, by, digits) => {
          const halfway = (single(at) + single(at + 1)) / 2;
          expectSame([String(step(halfway, by)), step(halfway, by).toPrecision(digits)]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('may be long, many, and far apart', () => {
    expectSame([
      '0.1'.padEnd(400, '0'),
      `${'9'.repeat(38)}`,
      `0.${'0'.repeat(60)}1`,
      `1${'0'.repeat(30)}e-30`,
    ]);
    expectSame(Array.from({ length: 10_000 }, (_, i) => String(i / 7)));
    const [own, parsed] = both(request(' [ 1 ,\n\t-0 , 2e0\r, -0.5E+1 ] '));
    expect([own, own?.map(Object.is.bind(undefined, -0))]).toEqual([parsed, [false, true, false, false]]);
  });
});

describe('nested numbers', () => {
  const nest = (values: readonly unknown[], shape: readonly number[]): readonly unknown[] => {
    const [length = 1, ...rest] = shape;
    if (rest.length === 0) return values;
    const size = values.length / length;
    return Array.from({ length }, (_, i) => nest(values.slice(i * size, (i + 1) * size), rest));
  };
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });
  const sized = (shape: readonly number[], values: unknown): string =>
    request(JSON.stringify(values, null, 1)).replace('"shape":[1]', `"shape":${JSON.stringify(shape)}`);

  it('are those of the flat ones, where they are nested as the shape says', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const values = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i + 0.5);
        const own = quickly(sized(shape, nest(values, shape)))?.inputs?.[0]?.data;
        expect(own).toEqual(Float32Array.from(values));
      }),
    );
  });

  it('are left to JSON.parse where they are not', () => {
    const values = nest([1, 2, 3, 4, 5, 6], [2, 3]);
    for (const shape of [[3, 2], [6], [2, 3, 1], [1, 2, 3], '2,3', null]) {
      expect(quickly(sized(shape as number[], values))).toBeUndefined();
    }
  });
});

describe('what is not numbers of FP32', () => {
  it.each([
    ...'[] ["1"] [true] [null] 1 "data" {} [1,[2]] [1e39] [-1e39] [1e999] [1 [1, [1,] [,1]'.split(' '),
    ...'[01] [-] [1.] [.5] [+1] [1e] [1e+] [--1] [0x1] [NaN] [Infinity] [1.2.3] [1e2e3] [1e1.5]'.split(' '),
    ...['[1 2]', '[-01]', '[1;2]', '[٣]'],
    ...'[[]] [[1],[]] [[1],2] [1,[2]] [[1],[2,3]] [[1,2],[3]] [[[1]],[2]] [[1],[[2]]] [[1][2]] [[1],] [[1]'.split(
      ' ',
    ),
    ...['[,[1]]', '[[1],["2"]]', `${'['.repeat(9)}1${']'.repeat(9)}`],
  ])('as the data %s is left to JSON.parse', (data) => {
    expect(quickly(request(data))).toBeUndefined();
  });

  it.each([
    ['no data', '{"inputs":[]}'],
    ['data of another type', request('[1]').replace('FP32', 'INT32')],
    ['data twice', request('[1],"data":[2]')],
    ['data elsewhere', `{"data":[1],"inputs":[{"datatype":"FP32","data":0}]}`],
    ['data of two inputs, one of another type', request('[1]},{"datatype":"FP64","data":[2]')],
    ['very many inputs', request(Array(65).fill('[1]').join('},{"datatype":"FP32","data":'))],
    ['an escape', request('[1]').replace('"x"', '"\\u0078"')],
    [
      'the key written with an escape',
      `{"inputs":[{"datatype":"FP32","d\\u0061ta":0},{"datatype":"FP32","data":[1]}]}`,
    ],
    ['a key that ends like it', `{"inputs":[{"datatype":"FP32","\\"data":[1]}]}`],
  ])('as %s is left to JSON.parse', (_, text) => {
    expect(quickly(text)).toBeUndefined();
  });

  it('may stand beside it: a text that is called data', () => {
    const text = request('[1,2]', ',"parameters":{"a":"data"}').replace('"x"', '"data"');
    expect(both(text)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('any text', () => {
  const plain = [
    request('[1,2.5,-3e-2]'),
    `{"id":"a","inputs":[{"name":"data","datatype":"FP32","shape":[2],"data":[0.25, 7]},{"name":"b","datatype":"FP32","data":[1]}],"outputs":[{"name":"y"}]}`,
    `{"parameters":{"data":[1]},"inputs":[{"datatype":"FP32","shape":[1],"data":[1,2]}]}`,
    request('[[[1,2],[3,4]],[[5,6],[7,8.5]]]').replace('[1]', '[2,2,2]'),
  ];
  const pieces = [...'"\\[]{},:0-e. \u00e9', '1.5', '"data"', '"data":', '"FP32"'];
  const change = fc.record({
    at: fc.nat({ max: 250 }),
    remove: fc.nat({ max: 3 }),
    insert: fc.constantFrom('', ...pieces),
  });

  /** What is read, or the message of the error. */
  const outcome = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      if (error instanceof ProtocolError) return error.message;
      throw error;
    }
  };
  /** With the numbers of all arrays in single precision, and data flat. */
  const rounded = (value: unknown): unknown => {
    if (value instanceof Float32Array) return [...value];
    if (Array.isArray(value)) return value.map(rounded);
    if (typeof value === 'object' && value !== null) {
      const flat = (name: string, inner: unknown): unknown =>
        name === 'data' && Array.isArray(inner) ? inner.flat(Number.POSITIVE_INFINITY) : inner;
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, rounded(flat(name, inner))]),
      );
    }
    return typeof value === 'number' ? Math.fround(value) : value;
  };

  it.each(['.0', 'e9', '1', '-1', '"a"', '[1]', 'null'])(
    'that goes on behind an array with %s is no JSON',
    (more) => {
      const text = Buffer.from(request(`[7,8]${more}`));
      expect(outcome(() => parseFloatArrays(text))).toMatch(/text that is not JSON/);
    },
  );

  it('is read as JSON.parse reads it, or not at all', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.constantFrom(...plain), fc.array(change, { maxLength: 3 }), (start, changes) => {
        let text = start;
        for (const { at, remove, insert } of changes)
          text = text.slice(0, at) + insert + text.slice(at + remove);
        const own = outcome(() => parseFloatArrays(Buffer.from(text)));
        if (own === undefined) return;
        read += 1;
        expect(rounded(own)).toEqual(rounded(outcome(() => parseObject(Buffer.from(text)))));
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(500);
  });
});
