/** A search with all guards, and its projection, interrupted anywhere: the same to the bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { random } from '../../src/random.ts';
import { openRun } from '../../src/runs/run-folder.ts';
import { searchDefaultsOf } from '../../src/search/method-options.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { type SearchSetting, search } from '../../src/search/search.ts';
import { brightness } from './datasets.ts';
import { compilingOnce } from './engines.ts';
import { freshFolder, type Outcome, outcomeOf } from './folders.ts';

/** Six epochs of three steps; fourteen rounds of ten trials, one epoch of tuning after each but the last. */
const options: SearchOptions = {
  ...searchDefaults,
  space: 'simple',
  channels: 4,
  cells: 1,
  epochs: 6,
  batch: 8,
  crop: 2,
  alphaLearningRate: 0.1,
  alphaWarmUp: 1,
  betaDecay: 50,
  maxSkips: 12,
  eigenvalueStop: true,
  eigenvalueWindow: 2,
  eigenvalueRatio: 1.01,
  eigenvalueStart: 0,
  projectionTune: 1,
  projectionBatches: 1,
};

interface Case {
  readonly name: string;
  readonly settings: Partial<SearchOptions>;
  readonly stops?: true;
  /** Runs in pieces. */
  readonly rounds: number;
}

const projected = { select: 'projection', eigenvalueRatio: 1e6 } as const;
const cases: readonly Case[] = [
  {
    name: 'that is stopped by the eigenvalue, then projected',
    settings: { select: 'projection' },
    stops: true,
    rounds: 3,
  },
  {
    name: 'that is not stopped, with AdamW and RMSprop',
    settings: { eigenvalueRatio: 1e6, optimizer: 'adamw', alphaOptimizer: 'rmsprop' },
    rounds: 3,
  },
  {
    name: 'that is projected, with RMSprop',
    settings: { ...projected, optimizer: 'rmsprop', learningRate: 1e-3 },
    rounds: 2,
  },
  ...(['pc-darts', 'gdas', 'drnas', 'fair-darts'] as const).map((method) => ({
    name: `by ${method}, then projected`,
    settings: {
      ...searchDefaultsOf(method),
      ...options,
      ...projected,
      method,
      // Each with a space of its own: S4 has noise, NAS-Bench-201 one kind of cell.
      space: { 'pc-darts': 's2', gdas: 'nas-bench-201', drnas: 's4', 'fair-darts': 'simple' }[method],
      // The first of three is not one that reduces.
      ...(method === 'gdas' && { cells: 3 }),
      // There is no eigenvalue of weights that are drawn.
      ...(method === 'gdas' || method === 'drnas' ? { eigenvalueStop: false, epochs: 2 } : { epochs: 4 }),
      maxSteps: 1,
    },
    rounds: 1,
  })),
];

describe.each(cases)('a search $name', ({ settings, stops = false, rounds }) => {
  let engine: ReturnType<typeof compilingOnce>;
  let expected: Outcome;
  let total = 0;

  const run = (setting: Omit<SearchSetting, 'engine'>) =>
    search(brightness(), { ...options, ...settings }, { engine, ...setting });

  beforeAll(async () => {
    engine = compilingOnce(await onnxruntimeEngine({ threads: 1 }));
    const path = freshFolder();
    const { stopped } = await run({ folder: openRun(path, false), observer: { onStep: () => void total++ } });
    expect(stopped !== undefined).toBe(stops);
    expected = outcomeOf(path);
  });
  afterAll(() => engine.dispose());

  it('goes on as if nothing had been', async () => {
    expect(expected.metrics.some((record) => 'stopped' in record)).toBe(stops);
    // At the ends of epochs, where a phase begins, in the midst of rounds, of tuning: somewhere else for each number.
    const numbers = random(3, 'interruptions');
    for (let round = 0; round < rounds; round++) {
      const ends = new Set(Array.from({ length: 5 }, () => 1 + numbers.integer(total)));
      const path = freshFolder();
      let [taken, resume] = [0, false];
      for (let status = 'interrupted'; status === 'interrupted'; resume = true) {
        const controller = new AbortController();
        const onStep = (): void => {
          if (ends.has(++taken)) controller.abort();
        };
        ({ status } = await run({
          folder: openRun(path, resume),
          resume,
          signal: controller.signal,
          observer: { onStep },
        }));
      }
      expect(outcomeOf(path)).toEqual(expected);
      expect(taken).toBe(total);
      const { status } = await run({
        folder: openRun(path, true),
        resume: true,
        observer: { onStep: () => taken++ },
      });
      expect([status, taken, outcomeOf(path)]).toEqual(['finished', total, expected]);
    }
  });
});
