import { describe, expect, it } from 'vitest';
import { cosine, ramp } from '../../src/nn/schedules.ts';

describe('cosine', () => {
  it.each([
    // DARTS's search: 0.025 → 0.001 over 50 epochs.
    [0.025, 0.001, 0, 50, 0.025],
    [0.025, 0.001, 25, 50, 0.013],
    [0.025, 0.001, 50, 50, 0.001],
    // A third of the way: cos 60° = ½.
    [1, 0, 20, 60, 0.75],
    [1, 0, 40, 60, 0.25],
  ])('from %d to %d at epoch %d of %d is %d', (initial, final, epoch, epochs, expected) => {
    expect(cosine(initial, final, epoch, epochs)).toBeCloseTo(expected, 12);
  });

  it('falls from epoch to epoch', () => {
    const rates = Array.from({ length: 600 }, (_, epoch) => cosine(0.025, 0, epoch, 600));
    expect(rates.every((rate, i) => i === 0 || rate < (rates[i - 1] as number))).toBe(true);
  });
});

describe('ramp', () => {
  it.each([
    [0.2, 0, 600, 0],
    [0.2, 300, 600, 0.1],
    [0.2, 599, 600, (0.2 * 599) / 600],
  ])('to %d at epoch %d of %d is %d', (final, epoch, epochs, expected) => {
    expect(ramp(final, epoch, epochs)).toBeCloseTo(expected, 12);
  });
});
