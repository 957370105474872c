import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochBatches, halves } from '../../src/data/order.ts';
import { InputError } from '../../src/errors.ts';
import { random } from '../../src/random.ts';

const sorted = (batches: readonly Int32Array[]): number[] =>
  batches.flatMap((batch) => [...batch]).sort((a, b) => a - b);

describe('epochBatches', () => {
  const sizes = [fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 30 }), fc.nat()] as const;

  it('shows every image once', () => {
    fc.assert(
      fc.property(...sizes, (count, batchSize, seed) => {
        const batches = epochBatches(count, batchSize, random(seed), { dropLast: false });
        expect(sorted(batches)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
        expect(epochBatches(count, batchSize, random(seed), { dropLast: false })).toEqual(batches);
      }),
    );
  });

  it('drops the last batch when it is not full', () => {
    fc.assert(
      fc.property(...sizes, (count, batchSize, seed) => {
        fc.pre(count >= batchSize);
        const batches = epochBatches(count, batchSize, random(seed), { dropLast: true });
        expect(batches.map((batch) => batch.length)).toEqual(
          Array(Math.floor(count / batchSize)).fill(batchSize),
        );
        expect(new Set(sorted(batches)).size).toBe(batches.length * batchSize);
      }),
    );
  });

  it('orders the given indices', () => {
    const indices = Int32Array.of(3, 5, 8, 13, 21);
    const batches = epochBatches(indices, 2, random(1), { dropLast: false });
    expect(batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(sorted(batches)).toEqual([...indices]);
    expect([...indices]).toEqual([3, 5, 8, 13, 21]);
  });

  it('differs from epoch to epoch', () => {
    const epoch = (i: number) => epochBatches(50, 10, random(1, 'order', i), { dropLast: true });
    expect(epoch(0)).not.toEqual(epoch(1));
  });

  it('refuses to leave no batch', () => {
    expect(() => epochBatches(9, 10, random(1), { dropLast: true })).toThrow(InputError);
  });
});

describe('halves', () => {
  it('shares out all images', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 200 }),
        fc.double({ min: 0.3, max: 0.7, noNaN: true }),
        fc.nat(),
        (count, fraction, seed) => {
          const { weights, alpha } = halves(count, fraction, random(seed));
          expect(weights.length).toBe(Math.floor(count * fraction));
          expect(sorted([weights, alpha])).toEqual(Array.from({ length: count }, (_, i) => i));
          expect([...weights]).toEqual(sorted([weights]));
        },
      ),
    );
  });

  it.each([0, 1, -1, 2, Number.NaN])('refuses the portion %d', (fraction) => {
    expect(() => halves(10, fraction, random(1))).toThrow(InputError);
  });
});
