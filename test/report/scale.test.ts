import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spreadLabels } from '../../src/report/line-chart.ts';
import { epochScale, roundScale } from '../../src/report/scale.ts';

describe('roundScale', () => {
  it('begins and ends at a tick, holds all values and has few, even, round ticks', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (values) => {
        const { from, to, ticks, place } = roundScale(values);
        const slack = 1e-6 * (to - from);
        for (const one of values) {
          expect(one).toBeGreaterThanOrEqual(from - slack);
          expect(one).toBeLessThanOrEqual(to + slack);
        }
        expect([ticks[0], ticks.at(-1)]).toEqual([from, to]);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect([place(from), place(to)]).toEqual([0, 1]);
        const step = (to - from) / (ticks.length - 1);
        expect(step / 10 ** Math.floor(Math.log10(step * 1.001))).toSatisfy((digit: number) =>
          [1, 2, 5].some((round) => Math.abs(digit - round) < 1e-6),
        );
      }),
    );
  });

  it('leaves room around a single value', () => {
    expect(roundScale([0.5]).ticks).toEqual([0.45, 0.5, 0.55]);
    expect(roundScale([1], 5, 1).ticks.at(-1)).toBe(1);
    expect(roundScale([0.9, 1.02], 5, 1).to).toBeGreaterThanOrEqual(1.02);
    expect(roundScale([0]).ticks).toEqual([-0.5, 0, 0.5]);
  });
});

it('epochs are marked by whole numbers from the first to the last, never too near one another', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (epochs) => {
      const { ticks, to } = epochScale(epochs);
      expect([ticks[0], ticks.at(-1), to]).toEqual([1, Math.max(epochs, 2), Math.max(epochs, 2)]);
      const gaps = ticks.slice(1).map((tick, i) => tick - (ticks[i] ?? 0));
      expect(ticks.every(Number.isInteger)).toBe(true);
      expect(ticks.length).toBeLessThanOrEqual(9);
      for (const gap of gaps.slice(1)) expect(gap).toBeGreaterThan((to - 1) / 20);
    }),
  );
});

it('labels keep their order and their distance, and stay near their lines', () => {
  const wishes = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(wishes, (wanted) => {
      const placed = spreadLabels(wanted, 16, 0, 200);
      const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
      order.slice(1).forEach((index, i) => {
        expect((placed[index] ?? 0) - (placed[order[i] ?? 0] ?? 0)).toBeGreaterThanOrEqual(16 - 1e-9);
      });
      expect(Math.max(...placed)).toBeLessThanOrEqual(200);
      expect(Math.min(...placed)).toBeGreaterThanOrEqual(-1e-9);
      if (wanted.length === 1) expect(placed).toEqual(wanted);
    }),
  );
});
