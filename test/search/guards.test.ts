/** Guards on histories that are made up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { eigenvalueGuard, leastEpochs } from '../../src/search/guards/eigenvalue.ts';
import { countSkips, guardOf, type WatchedEpoch } from '../../src/search/guards/index.ts';
import { skipGuard } from '../../src/search/guards/skips.ts';
import { searchDefaults } from '../../src/search/options.ts';

const ofSkips = (...skips: number[]): WatchedEpoch[] =>
  skips.map((count, epoch) => ({ epoch, skips: count }));
const ofEigenvalues = (eigenvalues: readonly number[]): WatchedEpoch[] =>
  eigenvalues.map((eigenvalue, epoch) => ({ epoch, skips: 0, eigenvalue }));

describe('countSkips', () => {
  it.each([
    ['darts_v1', 3],
    ['darts_v2', 2],
    ['pc_darts_cifar', 1],
  ])('%s: %d in the normal cell', (name, count) => {
    expect(countSkips(loadGenotype(name))).toBe(count);
  });

  it('counts the identity of other spaces', () => {
    const nodes = [
      [{ operation: 'identity', input: 0 } as const, { operation: 'conv_3x3', input: 1 } as const],
    ];
    const cell = { nodes, concat: [2] };
    const reduce = { nodes: [[{ operation: 'skip_connect', input: 0 } as const]], concat: [2] };
    expect(countSkips({ normal: cell, reduce })).toBe(1);
  });
});

describe('skipGuard', () => {
  it.each<[string, WatchedEpoch[], number | undefined]>([
    ['goes on before the first epoch', [], undefined],
    ['goes on at the limit', ofSkips(1, 2, 2), undefined],
    ['takes the epoch before', ofSkips(1, 2, 3), 1],
    ['takes the last good epoch, not the best', ofSkips(0, 1, 2, 4), 2],
    ['has nothing to take where no epoch was good', ofSkips(3, 4), undefined],
    ['waits until one was', ofSkips(3, 2, 3), 1],
  ])('%s', (_, epochs, take) => {
    expect(skipGuard(2)(epochs)?.take).toBe(take);
  });

  it('says how many there are', () => {
    expect(skipGuard(2)(ofSkips(0, 5))?.reason).toBe('the normal cell has 5 skip connections, more than 2');
  });
});

/** RobustDARTS's EVLocalAvg with `ev_freq` 1, as its lists and indices have it. */
function localAverages(eigenvalues: readonly number[], window: number, factor: number, start: number) {
  const delta = window - 1;
  const [ev, averages]: [number[], number[]] = [[], []];
  let from = 0;
  for (const [epoch, value] of eigenvalues.entries()) {
    ev.push(value);
    if (ev.length < Math.ceil(window / 2)) continue;
    const seen = ev.length < window ? ev : ev.slice(from, from + window);
    if (ev.length >= window) from++;
    averages.push(seen.reduce((sum, x) => sum + x, 0) / seen.length);
    const centre = epoch - Math.floor(window / 2);
    if (centre - delta < start) continue;
    const [now, then] = [averages.at(-1) as number, averages.at(-1 - delta) as number];
    if (now / then > factor) return { epoch, take: centre - delta };
  }
  return undefined;
}

/** The first verdict on a growing history. */
function firstStop(eigenvalues: readonly number[], options: Parameters<typeof eigenvalueGuard>[0]) {
  const guard = eigenvalueGuard(options);
  for (let length = 1; length <= eigenvalues.length; length++) {
    const stop = guard(ofEigenvalues(eigenvalues.slice(0, length)));
    if (stop) return { epoch: length - 1, take: stop.take };
  }
  return undefined;
}

describe('eigenvalueGuard', () => {
  it('acts in a search of as few epochs as it says, and in none of fewer', () => {
    const numbers = [fc.integer({ min: 1, max: 12 }), fc.nat(20), fc.nat(20)] as const;
    fc.assert(
      fc.property(...numbers, (window, start, alphaWarmUp) => {
        const guard = eigenvalueGuard({ window, start, ratio: 1.3 });
        const growing = (epochs: number): WatchedEpoch[] =>
          ofEigenvalues(Array.from({ length: epochs }, (_, epoch) => 10 ** epoch)).slice(alphaWarmUp);
        const least = leastEpochs({ window, start }, alphaWarmUp);
        expect(guard(growing(least))).toBeDefined();
        expect(guard(growing(least - 1))).toBeUndefined();
      }),
    );
  });

  const defaults = { window: 5, ratio: 1.3, start: 10 };

  it('is RobustDARTS’s early stop', () => {
    const series = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
    const windows = fc.constantFrom(2, 3, 4, 5, 7);
    fc.assert(
      fc.property(series, windows, fc.integer({ min: 0, max: 12 }), (eigenvalues, window, start) => {
        const options = { window, ratio: 1.3, start };
        expect(firstStop(eigenvalues, options)).toEqual(localAverages(eigenvalues, window, 1.3, start));
      }),
      { numRuns: 500 },
    );
  });

  it('does not stop before epoch 16, and goes back to epoch 10 then', () => {
    const growing = Array.from({ length: 30 }, (_, i) => 1.2 ** i);
    expect(firstStop(growing, defaults)).toEqual({ epoch: 16, take: 10 });
  });

  it.each([
    ['is constant', Array(50).fill(0.3)],
    ['falls', Array.from({ length: 50 }, (_, i) => 1 / (i + 1))],
    ['grows slowly', Array.from({ length: 50 }, (_, i) => 1.05 ** i)],
    ['is negative', Array.from({ length: 50 }, (_, i) => -1 - i)],
    ['becomes positive', Array.from({ length: 50 }, (_, i) => (i < 49 ? -1 : 0.1))],
  ])('goes on while the eigenvalue %s', (_, eigenvalues) => {
    expect(firstStop(eigenvalues, defaults)).toBeUndefined();
  });

  it('does not see a single outlier for what it is not', () => {
    const calm = Array(40).fill(1);
    // Of five, one of 2 makes 1.2; one of 3 makes 1.4.
    expect(firstStop(Object.assign([...calm], { 25: 2 }), defaults)).toBeUndefined();
    expect(firstStop(Object.assign([...calm], { 25: 3 }), defaults)).toEqual({ epoch: 25, take: 19 });
  });
});

describe('guardOf', () => {
  it('never stops where none is asked for', () => {
    const epochs = ofEigenvalues(Array.from({ length: 40 }, (_, i) => 2 ** i));
    expect(guardOf(searchDefaults)(epochs.map((e) => ({ ...e, skips: e.epoch })))).toBeUndefined();
  });

  it('does not see the epochs in which α was frozen', () => {
    const options = { ...searchDefaults, maxSkips: 2, alphaWarmUp: 2 };
    expect(guardOf(options)(ofSkips(0, 0, 3))).toBeUndefined();
    expect(guardOf(options)(ofSkips(0, 0, 1, 3))?.take).toBe(2);
    const sharp = { ...searchDefaults, eigenvalueStop: true, eigenvalueStart: 0, alphaWarmUp: 12 };
    const growing = ofEigenvalues(Array.from({ length: 30 }, (_, i) => 1.2 ** i));
    expect(guardOf(sharp)(growing.slice(0, 18))).toBeUndefined();
    expect(guardOf(sharp)(growing.slice(0, 19))?.take).toBe(12);
  });

  it('gives the verdict of whichever stops first', () => {
    const options = { ...searchDefaults, maxSkips: 2, eigenvalueStop: true };
    const growing = ofEigenvalues(Array.from({ length: 17 }, (_, i) => 1.2 ** i));
    expect(guardOf(options)(growing)?.reason).toMatch(/eigenvalue has grown to 2\.07 times/);
    expect(guardOf(options)([...growing.slice(0, 12), { epoch: 12, skips: 3 }])?.reason).toMatch(/3 skip/);
  });
});
