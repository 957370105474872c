import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptiveDelay, createLatencyFit, fixedDelay, noDelay } from '../../../src/serve/batching/delay.ts';

const atOnce = Number.NEGATIVE_INFINITY;

describe('fixedDelay', () => {
  it('does not hold back who is alone', () => {
    const delay = fixedDelay(5);
    for (const now of [0, 1, 2]) {
      delay.arrived(now, 0);
      expect(delay.dueAt(1, now)).toBe(atOnce);
      delay.ran(now + 0.5, 1, 1, 0.5);
    }
  });

  it('lets the oldest wait for company where there was any lately', () => {
    const delay = fixedDelay(5);
    delay.arrived(0, 0);
    delay.arrived(1, 1);
    expect(delay.dueAt(2, 0)).toBe(5);
    delay.ran(7, 2, 2, 2);
    delay.arrived(8, 0);
    expect(delay.dueAt(1, 8)).toBe(13);
    delay.arrived(20, 0);
    expect(delay.dueAt(1, 20)).toBe(atOnce);
  });
});

it('noDelay never waits', () => {
  noDelay.arrived(0, 9);
  noDelay.ran(1, 9, 9, 1);
  expect(noDelay.dueAt(1, 3)).toBe(atOnce);
});

describe('createLatencyFit', () => {
  it('finds the line that it is shown', () => {
    const line = fc.record({
      a: fc.double({ min: 0.01, max: 100, noNaN: true }),
      b: fc.double({ min: 0, max: 1000, noNaN: true }),
      sizes: fc.uniqueArray(fc.integer({ min: 1, max: 64 }), { minLength: 2, maxLength: 20 }),
    });
    fc.assert(
      fc.property(line, ({ a, b, sizes }) => {
        const fit = createLatencyFit();
        for (const n of [...sizes, ...sizes]) fit.add(n, a * n + b);
        // Of a wrong slope the mean size would make an error of b as large at least.
        expect(Math.abs(fit.fixed() - b)).toBeLessThan(1e-3 * (a + b));
      }),
    );
  });

  it('claims nothing that it cannot know', () => {
    const fit = createLatencyFit();
    expect(fit.fixed()).toBe(0);
    for (let i = 0; i < 10; i++) fit.add(8, 20 + (i % 2));
    expect(fit.fixed()).toBe(0);
  });

  it('forgets', () => {
    const fit = createLatencyFit(0.9);
    for (let i = 0; i < 50; i++) fit.add(1 + (i % 8), 100);
    for (let i = 0; i < 100; i++) fit.add(1 + (i % 8), 2 * (1 + (i % 8)) + 5);
    expect(fit.fixed()).toBeCloseTo(5, 1);
  });
});

describe('adaptiveDelay', () => {
  const taught = (b: number) => {
    const delay = adaptiveDelay(10);
    for (let n = 1; n <= 16; n++) delay.ran(0, n, n, n + b);
    return delay;
  };

  it('waits while that costs less than a run of its own, up to the longest wait', () => {
    const busy = taught(8);
    for (let i = 0; i < 100; i++) busy.arrived(100 + i * 0.1, 1);
    expect(busy.dueAt(2, 110)).toBeCloseTo(114, 1);
    expect(busy.dueAt(1, 110)).toBeCloseTo(118, 1);
    const costly = taught(1000);
    for (let i = 0; i < 100; i++) costly.arrived(100 + i * 0.1, 1);
    expect(costly.dueAt(1, 110)).toBe(120);
  });

  it('does not wait where nobody is expected in time, or nothing is saved', () => {
    const quiet = taught(8);
    for (let i = 0; i < 100; i++) quiet.arrived(i * 9, 0);
    expect(quiet.dueAt(1, 900)).toBe(atOnce);
    const free = taught(0);
    for (let i = 0; i < 100; i++) free.arrived(100 + i * 0.1, 1);
    expect(free.dueAt(1, 110)).toBe(atOnce);
  });
});
