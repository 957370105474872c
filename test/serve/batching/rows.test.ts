import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataType } from '../../../src/onnx/ir.ts';
import { mergeRows, rowsOf, shapeKey, splitRows } from '../../../src/serve/batching/rows.ts';
import { datatypes } from '../../../src/serve/protocol/datatypes.ts';
import { type NamedTensors, sizeOf, type Tensor } from '../../../src/serve/tensor.ts';

const dtypes = Object.keys(datatypes) as DataType[];

/** A tensor whose elements are random bytes, or random texts. */
const tensor = (dtype: DataType, shape: readonly number[], random: () => number): Tensor => {
  const data = datatypes[dtype].zeros(sizeOf(shape));
  if (ArrayBuffer.isView(data)) {
    const bytes = new Uint8Array(data.buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random() * 256;
  } else for (let i = 0; i < data.length; i++) (data as string[])[i] = `${random()}ü`;
  return { dtype, shape, data };
};
const bits = ({ data }: Tensor): unknown =>
  ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
    : data;

describe('mergeRows and splitRows', () => {
  it.each(dtypes)('part %s as they were joined, bit for bit', (dtype) => {
    const cases = fc.record({
      rows: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      rest: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
      padding: fc.integer({ min: 0, max: 3 }),
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
    });
    fc.assert(
      fc.property(cases, ({ rows, rest, padding, seed }) => {
        let state = seed;
        const random = () => {
          state = (state * 1103515245 + 12345) % 2147483648;
          return state / 2147483648;
        };
        const requests: NamedTensors[] = rows.map(
          (count) =>
            new Map([
              ['a', tensor(dtype, [count, ...rest], random)],
              ['b', tensor('float32', [count], random)],
            ]),
        );
        const before = requests.map((each) => [...each.values()].map(bits));
        const count = rows.reduce((sum, n) => sum + n, 0);
        const total = count + padding;
        const merged = mergeRows(requests, total);
        expect([...merged.values()].map(({ shape }) => shape)).toEqual([[total, ...rest], [total]]);
        const parts = splitRows(merged, rows, total);
        expect(parts.map((each) => [...each.values()].map(bits))).toEqual(before);
        expect(parts.map((each) => each.get('a')?.shape)).toEqual(rows.map((n) => [n, ...rest]));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses results without a row for each row', () => {
    const results = new Map([['y', { dtype: 'float32', shape: [1], data: Float32Array.of(3) } as const]]);
    expect(() => splitRows(results, [1, 1], 2)).toThrow(/output y of a batch of 2 has shape \[1\]/);
    const scalar = new Map([['y', { dtype: 'float32', shape: [], data: Float32Array.of(3) } as const]]);
    expect(() => splitRows(scalar, [1, 1], 2)).toThrow(/no batch dimension/);
  });
});

describe('rowsOf and shapeKey', () => {
  const zeros = (...shape: number[]): Tensor => ({
    dtype: 'int8',
    shape,
    data: new Int8Array(sizeOf(shape)),
  });

  it('knows the rows that all tensors share', () => {
    expect(
      rowsOf(
        new Map([
          ['a', zeros(3, 2)],
          ['b', zeros(3)],
        ]),
      ),
    ).toBe(3);
    expect(
      rowsOf(
        new Map([
          ['a', zeros(3, 2)],
          ['b', zeros(2)],
        ]),
      ),
    ).toBeUndefined();
    expect(rowsOf(new Map([['a', zeros()]]))).toBeUndefined();
    expect(rowsOf(new Map())).toBeUndefined();
  });

  it('tells shapes of rows apart', () => {
    const key = (...shapes: number[][]): string =>
      shapeKey(new Map(shapes.map((shape, i) => [String(i), zeros(...shape)])));
    expect(key([1, 2, 3])).toBe(key([9, 2, 3]));
    expect(new Set([key([1, 2, 3]), key([1, 23]), key([1, 2], [1, 3]), key([1], [1, 2, 3])]).size).toBe(4);
  });
});
