import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measuredBatchSize, type TimeBatches } from '../../../src/serve/models/batch-size.ts';

/** A model that takes so long for a row in a batch of each size, in milliseconds. */
const rowsTake =
  (perRow: Readonly<Record<number, number>>): TimeBatches =>
  async (rows) =>
    rows * (perRow[rows] ?? Number.NaN);

describe('the largest batch', () => {
  it.each([
    ['the fastest', { 1: 1, 2: 0.9, 4: 0.7, 8: 0.6, 16: 0.8, 32: 1 }, 8],
    ['a larger one that is nearly as fast', { 1: 1, 2: 0.9, 4: 0.6, 8: 0.61, 16: 0.63, 32: 0.7 }, 16],
    [
      'all, where each row more makes the others faster',
      { 1: 1, 2: 0.6, 4: 0.4, 8: 0.3, 16: 0.25, 32: 0.2 },
      32,
    ],
    ['one, where rows are slower together', { 1: 0.5, 2: 0.6, 4: 0.7, 8: 0.8, 16: 0.9, 32: 1 }, 1],
  ])('is %s', async (_, perRow, expected) => {
    expect(await measuredBatchSize(32, rowsTake(perRow))).toBe(expected);
  });

  it('is the one that was allowed where nothing shows that it is too large', async () => {
    expect(await measuredBatchSize(32, async () => undefined)).toBe(32);
    expect(await measuredBatchSize(12, rowsTake({ 1: 1, 2: 0.9, 4: 0.8, 8: 0.7, 12: 0.6 }))).toBe(12);
  });

  it('is not tried where a batch takes long: then the last step tells', async () => {
    // 8 rows take more than 50 ms, and larger batches are not tried.
    expect(await measuredBatchSize(32, rowsTake({ 1: 9, 2: 8, 4: 7.5, 8: 7 }))).toBe(32);
    expect(await measuredBatchSize(32, rowsTake({ 1: 9, 2: 8, 4: 7.5, 8: 7.4 }))).toBe(8);
    expect(await measuredBatchSize(32, rowsTake({ 1: 9, 2: 7, 4: 7.5, 8: 8 }))).toBe(2);
  });

  it('does not matter to a model that takes no time', async () => {
    expect(
      await measuredBatchSize(32, rowsTake({ 1: 0.01, 2: 0.01, 4: 0.02, 8: 0.03, 16: 0.04, 32: 0.06 })),
    ).toBe(32);
    expect(
      await measuredBatchSize(32, rowsTake({ 1: 0.01, 2: 0.01, 4: 0.02, 8: 0.03, 16: 0.04, 32: 0.07 })),
    ).toBe(2);
  });

  it('is not worth more than one run of a slow model', async () => {
    const asked: number[] = [];
    const slow: TimeBatches = async (rows) => {
      asked.push(rows);
      return 300 * rows;
    };
    expect([await measuredBatchSize(32, slow), asked]).toEqual([32, [1]]);
  });

  it('is that of the best times where the machine was busy in others', async () => {
    const perRow: Readonly<Record<number, number>> = { 1: 1, 2: 0.8, 4: 0.5, 8: 0.8, 16: 0.9, 32: 1 };
    let runs = 0;
    const disturbed: TimeBatches = async (rows) => rows * (perRow[rows] ?? 0) * (runs++ < 12 ? 1.5 : 1);
    expect(await measuredBatchSize(32, disturbed)).toBe(4);
  });

  it('is never one that costs more than a twentieth, and 2 ms', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.double({ min: 0.01, max: 0.5, noNaN: true }), { minLength: 65, maxLength: 65 }),
        async (most, perRow) => {
          const tried = new Set<number>();
          const size = await measuredBatchSize(most, async (rows) => {
            tried.add(rows);
            return rows * (perRow[rows] as number);
          });
          const best = Math.min(...Array.from(tried, (rows) => perRow[rows] as number));
          expect(tried).toContain(size);
          if (most * (perRow[most] as number) < 2) expect(size).toBe(most);
          else expect(0.95 * (perRow[size] as number)).toBeLessThanOrEqual(best * (1 + 1e-9));
        },
      ),
    ));
});
