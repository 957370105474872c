import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCount, percent } from '../src/format.ts';
import { formatSpread, median, spreadOf } from '../src/spread.ts';

const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 20 });

describe('spreadOf', () => {
  it('of nothing there is none, of one value no deviation', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([0.5])).toEqual({ mean: 0.5, deviation: null, count: 1 });
  });

  it('divides by one less than there are: the deviation of 2, 4, 4, 4, 5, 5, 7, 9 is √(32/7)', () => {
    const { mean, deviation } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]) ?? {};
    expect(mean).toBe(5);
    expect(deviation).toBeCloseTo(Math.sqrt(32 / 7), 12);
  });

  it('does not care for order, shifts with the values and grows with their scale', () => {
    fc.assert(
      fc.property(values, fc.double({ min: -100, max: 100, noNaN: true }), (all, shift) => {
        const [spread, moved] = [spreadOf(all), spreadOf([...all].reverse().map((x) => 3 * x + shift))];
        expect(moved?.mean).toBeCloseTo(3 * (spread?.mean ?? 0) + shift, 6);
        expect(moved?.deviation).toBeCloseTo(3 * (spread?.deviation ?? 0), 6);
      }),
    );
  });
});

describe('median', () => {
  it('has as many values below as above', () => {
    fc.assert(
      fc.property(values, (all) => {
        const middle = median(all);
        const count = (test: (x: number) => boolean): number => all.filter(test).length;
        expect(count((x) => x < middle)).toBeLessThanOrEqual(all.length / 2);
        expect(count((x) => x > middle)).toBeLessThanOrEqual(all.length / 2);
      }),
    );
    expect([median([3]), median([1, 4, 2, 3]), median([])]).toEqual([3, 2.5, Number.NaN]);
  });
});

it('a spread is written with its unit once', () => {
  const spread = { mean: 0.88521, deviation: 0.00312, count: 3 };
  expect(formatSpread(spread, percent)).toBe('88.52 ± 0.31 %');
  expect(formatSpread({ ...spread, deviation: null }, percent)).toBe('88.52 %');
  expect(formatSpread({ mean: 3349342, deviation: 1200, count: 2 }, formatCount)).toBe('3,349,342 ± 1,200');
  expect(formatSpread({ mean: 61.4, deviation: 3, count: 2 }, (x) => `${x.toFixed(1)} s`)).toBe(
    '61.4 ± 3.0 s',
  );
});
