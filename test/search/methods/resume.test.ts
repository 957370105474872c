/** By every method: the same seed gives the same bits, in one go or in any pieces. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from '../../../src/engine/onnxruntime.ts';
import type { Position } from '../../../src/runs/epochs.ts';
import { openRun } from '../../../src/runs/run-folder.ts';
import { methodNames } from '../../../src/search/method-names.ts';
import { searchDefaultsOf } from '../../../src/search/method-options.ts';
import type { SearchOptions } from '../../../src/search/options.ts';
import { search } from '../../../src/search/search.ts';
import { brightness } from '../../runs/datasets.ts';
import { compilingOnce } from '../../runs/engines.ts';
import { freshFolder, type Outcome, outcomeOf } from '../../runs/folders.ts';

const [epochs, steps] = [3, 2];
const small = {
  space: 'simple',
  channels: 4,
  cells: 1,
  batch: 8,
  epochs,
  maxSteps: steps,
  crop: 1,
  alphaWarmUp: 1,
};

describe.each(methodNames)('%s', (method) => {
  let engine: ReturnType<typeof compilingOnce>;
  const options = (seed: number): SearchOptions =>
    method === 'random'
      ? { ...searchDefaultsOf('darts'), ...small, method, seed }
      : { ...searchDefaultsOf(method), ...small, seed };

  beforeAll(async () => {
    engine = compilingOnce(await onnxruntimeEngine({ threads: 1 }));
  });
  afterAll(() => engine.dispose());

  /** A run that is broken off after each step that `isLast` holds for, and continued as often. */
  async function inPieces(seed: number, isLast: (position: Position) => boolean): Promise<Outcome> {
    const path = freshFolder();
    for (let [status, resume] = ['interrupted', false]; status === 'interrupted'; resume = true) {
      const controller = new AbortController();
      const onStep = (position: Position): void => {
        if (isLast(position)) controller.abort();
      };
      const folder = openRun(path, resume);
      const setting = { engine, folder, resume, signal: controller.signal, observer: { onStep } };
      ({ status } = await search(brightness(), options(seed), setting));
    }
    return outcomeOf(path);
  }

  it('gives the same to the bit, wherever it is broken off', async () => {
    const expected = await inPieces(1, () => false);
    expect(expected.genotype).toBeDefined();
    expect(await inPieces(1, () => false)).toEqual(expected);
    expect(await inPieces(2, () => false)).not.toEqual(expected);
    const breaks = fc.uniqueArray(fc.nat(epochs * steps - 1));
    await fc.assert(
      fc.asyncProperty(breaks, async (places) => {
        const outcome = await inPieces(1, ({ epoch, step }) => places.includes(epoch * steps + step - 1));
        expect(outcome).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });
});
