/** The same seed gives the same result to the bit, in one go or in pieces. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedTable } from '../../src/cost/table.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { type RetrainSetting, retrain } from '../../src/retrain/retrain.ts';
import type { Position } from '../../src/runs/epochs.ts';
import { openRun } from '../../src/runs/run-folder.ts';
import type { Budget } from '../../src/search/budget.ts';
import { costRange } from '../../src/search/derive-within.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { searchDefaults } from '../../src/search/options.ts';
import { search } from '../../src/search/search.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { brightness } from './datasets.ts';
import { compilingOnce } from './engines.ts';
import { freshFolder, type Outcome, outcomeOf } from './folders.ts';

/** A run of three epochs of three steps. */
interface Kind {
  readonly name: string;
  run(seed: number, setting: RetrainSetting): Promise<{ status: 'finished' | 'interrupted' }>;
}

const augmented = { epochs: 3, batch: 8, crop: 2, flip: true, cutout: 3 };

/** Half of what the networks of S4 may have besides what all of them have. */
const budget: Budget = (() => {
  const { shape, classes } = brightness();
  const { channels: imageChannels, height, width } = shape;
  const size = { channels: 4, cells: 1, imageChannels, height, width, classes: classes.length };
  const table = countedTable(searchSpace('s4'), size, 'macs');
  const { least, most } = costRange(searchSpace('s4'), table);
  return { cost: 'macs', limit: (least + most) / 2, table, weight: 1 };
})();

const kinds: readonly Kind[] = [
  {
    name: 'search',
    // Sixteen channels: blocked convolutions, on several threads.
    run: (seed, setting) =>
      search(
        brightness(),
        { ...searchDefaults, ...augmented, space: 'simple', order: 2, channels: 16, cells: 1, seed },
        setting,
      ),
  },
  {
    name: 'search with noise, within a budget',
    run: (seed, setting) =>
      search(
        brightness(),
        { ...searchDefaults, ...augmented, space: 's4', channels: 4, cells: 1, seed },
        { ...setting, budget },
      ),
  },
  {
    name: 'retrain',
    run: (seed, setting) =>
      retrain(
        loadGenotype('darts_v2'),
        brightness({ count: 24 }),
        { ...retrainDefaults, ...augmented, channels: 16, cells: 1, dropPath: 0.5, seed },
        setting,
      ),
  },
  {
    name: 'retrain in mixed precision',
    // The scale of the loss is part of the state.
    run: (seed, setting) =>
      retrain(
        loadGenotype('darts_v2'),
        brightness({ count: 24 }),
        {
          ...retrainDefaults,
          ...augmented,
          channels: 4,
          cells: 1,
          dropPath: 0.5,
          precision: 'float16',
          seed,
        },
        setting,
      ),
  },
  {
    name: 'search in mixed precision',
    run: (seed, setting) =>
      search(
        brightness(),
        {
          ...searchDefaults,
          ...augmented,
          space: 'simple',
          channels: 4,
          cells: 1,
          precision: 'float16',
          seed,
        },
        setting,
      ),
  },
  {
    name: 'retrain by AdamW',
    run: (seed, setting) =>
      retrain(
        loadGenotype('darts_v1'),
        brightness({ count: 24 }),
        {
          ...retrainDefaults,
          ...augmented,
          optimizer: 'adamw',
          learningRate: 1e-3,
          channels: 4,
          cells: 1,
          seed,
        },
        setting,
      ),
  },
];

describe.each(kinds)('$name', ({ run }) => {
  let engine: ReturnType<typeof compilingOnce>;
  let expected: Outcome;

  async function whole(seed: number, path: string = freshFolder()): Promise<Outcome> {
    const { status } = await run(seed, { engine, folder: openRun(path, false) });
    expect(status).toBe('finished');
    return outcomeOf(path);
  }

  beforeAll(async () => {
    engine = compilingOnce(await onnxruntimeEngine());
    expected = await whole(1);
  });
  afterAll(() => engine.dispose());

  /** A run that is interrupted after each step that `isLast` holds for, and continued as often. */
  async function inPieces(seed: number, isLast: (position: Position) => boolean) {
    const path = freshFolder();
    let pieces = 0;
    for (let status = 'interrupted'; status === 'interrupted'; pieces++) {
      const controller = new AbortController();
      const onStep = (position: Position): void => {
        if (isLast(position)) controller.abort();
      };
      const resume = pieces > 0;
      const folder = openRun(path, resume);
      ({ status } = await run(seed, {
        engine,
        folder,
        resume,
        signal: controller.signal,
        observer: { onStep },
      }));
    }
    return { pieces, outcome: outcomeOf(path) };
  }

  it('gives the same to the bit for the same seed, and something else for another', async () => {
    expect(expected.metrics).toMatchObject([{ epoch: 0 }, { epoch: 1 }, { epoch: 2 }]);
    expect(Object.keys(expected.arrays)).toContain('checkpoint/theta');
    expect(await whole(1)).toEqual(expected);
    const other = await whole(2);
    for (const [name, digest] of Object.entries(expected.arrays)) {
      // The scale of the loss depends on how many steps were good, which may be all.
      if (name.endsWith('lossScale')) continue;
      expect(other.arrays[name], name).not.toBe(digest);
    }
  });

  // `step` counts the steps taken in the epoch.
  it.each<[string, (position: Position) => boolean, number]>([
    ['after the first step', ({ epoch, step }) => epoch === 0 && step === 1, 2],
    ['in the midst of an epoch', ({ epoch, step }) => epoch === 1 && step === 2, 2],
    ['at the end of an epoch', ({ epoch, step }) => epoch === 1 && step === 3, 2],
    ['at its very end', ({ epoch, step }) => epoch === 2 && step === 3, 1],
    ['after every step', () => true, 9],
  ])('gives the same to the bit where it is interrupted %s', async (_, isLast, count) => {
    const { pieces, outcome } = await inPieces(1, isLast);
    expect(pieces).toBe(count);
    expect(outcome).toEqual(expected);
  });

  it('changes nothing where it is continued after its end', async () => {
    const path = freshFolder();
    await whole(1, path);
    const { status } = await run(1, { engine, folder: openRun(path, true), resume: true });
    expect(status).toBe('finished');
    expect(outcomeOf(path)).toEqual(expected);
  });
});
