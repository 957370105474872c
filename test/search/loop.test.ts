/** What the search feeds its steps, with an engine that computes nothing. */
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { InputError } from '../../src/errors.ts';
import { cosine } from '../../src/nn/schedules.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { search } from '../../src/search/search.ts';
import { numbered, numbersIn } from '../runs/datasets.ts';
import { type Run, recording } from '../runs/engines.ts';

/** Adds 1 to the state, so that each state is known by its first element. */
function count({ step, feeds }: Run): Record<string, Elements> {
  const names = step === 'alpha' ? ['alpha', 'alpha/first', 'alpha/second'] : ['theta', 'theta/momentum'];
  const next = names.map((name): [string, Elements] => [
    name,
    (feeds[name] as Float32Array).map((x) => x + 1),
  ]);
  return { ...Object.fromEntries(next), loss: Float32Array.of(0.5), correct: Float32Array.of(3) };
}

const images = 44;
const small: SearchOptions = {
  ...searchDefaults,
  channels: 2,
  cells: 1,
  epochs: 3,
  batch: 4,
  crop: 0,
  flip: false,
};

async function runsOf(settings: Partial<SearchOptions> = {}): Promise<Run[]> {
  const { engine, runs } = recording(count);
  await search(numbered(images), { ...small, ...settings }, { engine });
  return runs;
}

const named = (runs: readonly Run[], step: string): Run[] => runs.filter((run) => run.step === step);
const numbers = (run: Run): number[] => numbersIn(run.feeds.images as Elements, images);
const scalar = (run: Run, name: string): number => run.feeds[name]?.[0] as number;
const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

describe('search', () => {
  it('updates α first, then the weights, each from the state before', async () => {
    const runs = await runsOf();
    // 22 images for the weights make 5 whole batches of 4.
    expect(runs.map(({ step }) => step)).toEqual(Array(15).fill(['alpha', 'weights']).flat());
    const [theta, alpha] = [scalar(runs[0] as Run, 'theta'), scalar(runs[0] as Run, 'alpha')];
    runs.forEach((run, i) => {
      const step = Math.floor(i / 2);
      expect(scalar(run, 'theta')).toBeCloseTo(theta + step, 4);
      expect(scalar(run, 'alpha')).toBeCloseTo(alpha + (run.step === 'alpha' ? step : step + 1), 4);
    });
  });

  it('gives the two halves of the training images to the two updates, and a fresh batch at every step', async () => {
    const runs = await runsOf();
    const halves = (['alpha', 'weights'] as const).map((step) => {
      const steps = named(runs, step);
      const epochs = [0, 1, 2].map((epoch) => steps.slice(5 * epoch, 5 * epoch + 5).map(numbers));
      // Within an epoch no image twice; from epoch to epoch another order.
      for (const batches of epochs) expect(new Set(batches.flat()).size).toBe(20);
      expect(epochs[0]).not.toEqual(epochs[1]);
      return new Set(epochs.flat(2));
    });
    const [alpha, weights] = halves as [Set<number>, Set<number>];
    expect([...alpha].filter((image) => weights.has(image))).toEqual([]);
    expect(sorted([...alpha, ...weights])).toEqual(Array.from({ length: images }, (_, i) => i));
  });

  it.each([
    [{ epoch: 3 }, 'unknown option epoch; did you mean epochs?'],
    [{ cells: -2 }, 'cells must be a whole number from 1 to 1000, got -2'],
    [{ learningRate: Number.NaN }, 'learningRate must be a number above 0, got NaN'],
    [{ momentum: undefined }, 'momentum must be a number from 0 to below 1, got undefined'],
    [{ flip: 'no' }, 'flip must be true or false, got no'],
    [
      { method: 'darst' },
      'method must be one of darts, pc-darts, gdas, drnas, fair-darts, random, got darst',
    ],
    [{ method: 'random', seed: 0.5 }, 'seed must be a whole number from 0 to 4294967295, got 0.5'],
    [
      { space: 'dart' },
      'space must be one of darts, simple, nas-bench-201, s1, s2, s3, s4, or a file FILE.json, got dart',
    ],
    [{ method: 'gdas', temperature: 0 }, 'temperature must be a number above 0, got 0'],
  ])('refuses %o before anything is computed', async (settings, message) => {
    const refused = runsOf(settings as unknown as Partial<SearchOptions>);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
  });

  it('labels its images', async () => {
    for (const run of await runsOf()) {
      expect([...(run.feeds.labels ?? [])]).toEqual(numbers(run).map((image) => image % 2));
    }
  });

  it('goes through a smaller half for α again, in another order', async () => {
    // 33 images for the weights are 8 batches, 11 for α are 2.
    const alpha = named(await runsOf({ trainPortion: 0.75, epochs: 1 }), 'alpha');
    expect(alpha).toHaveLength(8);
    const cycles = [0, 2, 4, 6].map((begin) => alpha.slice(begin, begin + 2).flatMap(numbers));
    for (const cycle of cycles) expect(new Set(cycle).size).toBe(8);
    expect(new Set(cycles.map((cycle) => cycle.join())).size).toBe(4);
  });

  it('lowers the learning rate of the weights from epoch to epoch, and counts the steps of Adam', async () => {
    const runs = await runsOf();
    named(runs, 'weights').forEach((run, i) => {
      expect(scalar(run, 'learningRate')).toBeCloseTo(cosine(0.025, 0.001, Math.floor(i / 5), 3), 7);
    });
    expect(named(runs, 'alpha').map((run) => scalar(run, 'step'))).toEqual(
      Array.from({ length: 15 }, (_, i) => i + 1),
    );
  });

  it('gives the second order the batch and the momentum of the coming step of the weights', async () => {
    const runs = await runsOf({ order: 2 });
    const names = {
      'theta/momentum': 'theta/momentum',
      learningRate: 'learningRate',
      trainImages: 'images',
      trainLabels: 'labels',
    };
    for (const [inAlpha, inWeights] of Object.entries(names)) {
      expect(named(runs, 'alpha').map(({ feeds }) => feeds[inAlpha])).toEqual(
        named(runs, 'weights').map(({ feeds }) => feeds[inWeights]),
      );
    }
  });

  it('ends epochs early where it is told to', async () => {
    expect(await runsOf({ maxSteps: 2 })).toHaveLength(12);
    expect(await runsOf({ maxSteps: 100 })).toHaveLength(30);
  });

  it('reports means over the images of an epoch', async () => {
    const records: object[] = [];
    const { engine } = recording(count);
    await search(numbered(images), small, {
      engine,
      observer: { onEpoch: (record) => records.push(record) },
    });
    const means = { loss: 0.5, accuracy: 0.75, validationLoss: 0.5, validationAccuracy: 0.75 };
    expect(records).toMatchObject([0, 1, 2].map((epoch) => ({ epoch, ...means })));
    expect(records[0]).toMatchObject({
      genotype: expect.stringMatching(/^Genotype\(/),
      alpha: expect.any(Array),
    });
  });
});
