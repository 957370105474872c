/** What guards, the warm-up and the projection make of a search, with an engine that computes nothing real. */
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { InputError } from '../../src/errors.ts';
import type { EpochRecord } from '../../src/runs/epochs.ts';
import { openRun, readMetrics } from '../../src/runs/run-folder.ts';
import { dartsGenotype } from '../../src/search/genotype.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { type SearchSetting, search } from '../../src/search/search.ts';
import { alphaShape, candidatesOf, searchSpace } from '../../src/search/spaces.ts';
import { numbered } from '../runs/datasets.ts';
import { type Run, recording } from '../runs/engines.ts';
import { freshFolder } from '../runs/folders.ts';

const space = searchSpace('darts');
const [, edges, operations] = alphaShape(space);
const skip = candidatesOf(space, 0, 0).indexOf('skip_connect');

/** Two steps an epoch. */
const small: SearchOptions = {
  ...searchDefaults,
  channels: 2,
  cells: 1,
  epochs: 8,
  batch: 4,
  crop: 0,
  flip: false,
  maxSteps: 2,
};

interface Script {
  /** α of the skip connections of the normal cell, by its update from 1. */
  readonly skips?: (update: number) => number;
  /** The Hessian of L_val is this times the identity, by the number of α updates before. */
  readonly curvature?: (updates: number) => number;
  /** Correct images of a batch, by the mixing weights. */
  readonly correct?: (weights: Float32Array) => number;
}

function scripted({ skips = () => 0, curvature = () => 1, correct = () => 2 }: Script = {}) {
  let updates = 0;
  const compute = ({ step, feeds }: Run): Record<string, Elements> => {
    const feed = (name: string): Float32Array => feeds[name] as Float32Array;
    const metrics = { loss: Float32Array.of(0.5), correct: Float32Array.of(3) };
    switch (step) {
      case 'alpha': {
        const alpha = feed('alpha').map((x, i) =>
          i < edges * operations && i % operations === skip ? skips(updates + 1) : x,
        );
        updates++;
        return {
          alpha,
          'alpha/first': feed('alpha/first'),
          'alpha/second': feed('alpha/second'),
          ...metrics,
        };
      }
      case 'curvature':
        return { gradient: feed('alpha').map((x) => curvature(updates) * x) };
      case 'evaluation':
        return { loss: Float32Array.of(1), correct: Float32Array.of(correct(feed('alpha'))) };
      default:
        return {
          theta: feed('theta').map((x) => x + 1),
          'theta/momentum': feed('theta/momentum').map((x) => x + 1),
          ...metrics,
        };
    }
  };
  return recording(compute);
}

async function run(script: Script, settings: Partial<SearchOptions>, more: Partial<SearchSetting> = {}) {
  const { engine, runs } = scripted(script);
  const records: EpochRecord[] = [];
  const observer = { onEpoch: (record: EpochRecord) => records.push(record) };
  const result = await search(numbered(44), { ...small, ...settings }, { engine, observer, ...more });
  return { result, runs, records };
}

describe('the warm-up of α', () => {
  it('skips the updates of α, which then count from 1', async () => {
    const { runs, records } = await run({}, { alphaWarmUp: 3, epochs: 5 });
    expect(runs.map(({ step }) => step)).toEqual([
      ...Array(6).fill('weights'),
      ...Array(4).fill(['alpha', 'weights']).flat(),
    ]);
    const numbersOf = (name: string) =>
      runs.filter(({ step }) => step === name).map(({ feeds }) => feeds.step?.[0]);
    expect(numbersOf('alpha')).toEqual([1, 2, 3, 4]);
    expect(numbersOf('weights')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(records.map((record) => 'validationLoss' in record)).toEqual([false, false, false, true, true]);
    expect(records[2]?.alpha).toEqual(records[0]?.alpha);
  });

  it('must leave epochs to learn α in', async () => {
    await expect(run({}, { alphaWarmUp: 8 })).rejects.toThrow(InputError);
    await expect(run({}, { alphaWarmUp: 8 })).rejects.toThrow(
      /frozen in all 8 epochs: .* alphaWarmUp below epochs, got 8/,
    );
    await expect(run({}, { alphaWarmUp: 7 })).resolves.toBeDefined();
  });
});

it('the penalty of β-decay gets its weight by the epoch', async () => {
  const { runs } = await run({}, { betaDecay: 50, epochs: 5 });
  const weights = runs.filter(({ step }) => step === 'alpha').map(({ feeds }) => feeds.betaDecay?.[0]);
  expect(weights).toEqual([0, 0, 10, 10, 20, 20, 30, 30, 40, 40]);
});

it('the second order is one of SGD', async () => {
  for (const optimizer of ['adam', 'adamw', 'rmsprop'] as const) {
    await expect(run({}, { order: 2, optimizer })).rejects.toThrow(InputError);
    await expect(run({}, { order: 2, optimizer })).rejects.toThrow(
      `must be; got ${optimizer}: take optimizer sgd`,
    );
  }
});

/** Few skips in the first four epochs, then all. */
const collapsing: Script = { skips: (update) => (update > 8 ? 5 : -5) };

describe('a search that collapses', () => {
  it('records the skip connections of each epoch', async () => {
    const { records } = await run(collapsing, {});
    expect(records.map(({ skips }) => skips)).toEqual([0, 0, 0, 0, 8, 8, 8, 8]);
    expect(records.some(({ stopped }) => stopped !== undefined)).toBe(false);
  });

  it('is stopped with the architecture of the last good epoch, and then finished', async () => {
    const path = freshFolder();
    const { result, records } = await run(collapsing, { maxSkips: 2 }, { folder: openRun(path, false) });
    expect(records).toHaveLength(5);
    const reason = 'the normal cell has 8 skip connections, more than 2';
    expect(records[4]).toMatchObject({ epoch: 4, skips: 8, stopped: reason, taken: 3 });
    expect(result).toMatchObject({ status: 'finished', stopped: reason });
    expect([...result.alpha]).toEqual(records[3]?.alpha);
    expect(readMetrics(path)).toEqual(records);
    expect(loadGenotype(path)).toEqual(result.genotype);

    const again = await run(collapsing, { maxSkips: 2 }, { folder: openRun(path, true), resume: true });
    expect(again.runs).toEqual([]);
    expect(again.records).toEqual([]);
    expect(again.result).toEqual(result);
  });

  it('does not lose its end where the metrics are lost', async () => {
    const path = freshFolder();
    await run(collapsing, { maxSkips: 2 }, { folder: openRun(path, false) });
    const { rmSync } = await import('node:fs');
    rmSync(`${path}/metrics.jsonl`);
    const again = run(collapsing, { maxSkips: 2 }, { folder: openRun(path, true), resume: true });
    await expect(again).rejects.toThrow(
      /metrics\.jsonl does not have the architecture of epoch 1, .*damaged/,
    );
  });

  it('is stopped where the eigenvalue grows, several epochs back', async () => {
    const sharpening: Script = {
      curvature: (updates) => 0.1 * 1.5 ** (updates / 2),
      skips: (update) => -update,
    };
    const settings = { eigenvalueStop: true, eigenvalueWindow: 3, eigenvalueStart: 2 };
    const { result, records } = await run(sharpening, settings);
    // A window of three: epoch 5 is the first that goes back to epoch 5 − 2 − 1 = 2.
    expect(records.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(records[5]).toMatchObject({ taken: 2, stopped: expect.stringMatching(/grown to 2\.25 times/) });
    records.forEach(({ eigenvalue }, epoch) => {
      expect((eigenvalue as number) / (0.1 * 1.5 ** (epoch + 1))).toBeCloseTo(1, 4);
    });
    expect([...result.alpha]).toEqual(records[2]?.alpha);
  });

  it('measures no eigenvalue where nobody asks', async () => {
    const { runs, records } = await run({}, {});
    expect(runs.some(({ step }) => step === 'curvature')).toBe(false);
    expect(records[0]).not.toHaveProperty('eigenvalue');
  });
});

describe('the projection', () => {
  /** Removing sep_conv_5x5 costs most everywhere, and of a node's edges removing the later ones. */
  const dear = candidatesOf(space, 0, 0).indexOf('sep_conv_5x5');
  const correct = (weights: Float32Array): number => {
    let score = 0;
    for (let row = 0; row < 2 * edges; row++) {
      const values = weights.subarray(row * operations, (row + 1) * operations);
      if (values[dear] !== 0) score += 1 + row / 100;
    }
    return score;
  };
  const settings = { select: 'projection', epochs: 2, projectionTune: 1, projectionBatches: 2 } as const;

  it('keeps on every edge what is missed most, and the edges that are', async () => {
    const { result, records } = await run({ correct }, settings);
    const nodes = [0, 1, 2, 3].map((node) =>
      [node, node + 1].map((input) => ({ operation: 'sep_conv_5x5', input })),
    );
    expect(result.genotype).toEqual({
      normal: { nodes, concat: [2, 3, 4, 5] },
      reduce: { nodes, concat: [2, 3, 4, 5] },
    });
    // 14 edges, 3 nodes of more than two edges: 17 rounds, 16 epochs of tuning between.
    expect(records.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 2 + 17 + 16 }, (_, i) => i));
    const rounds = records.filter(({ projection }) => projection !== undefined);
    expect(rounds).toHaveLength(17);
    for (const { projection } of rounds.slice(0, 14)) {
      expect(projection).toMatchObject(
        ['normal', 'reduce'].map((cell) => ({ cell, kept: ['sep_conv_5x5'] })),
      );
    }
    expect(
      new Set(rounds.slice(0, 14).map(({ projection }) => (projection as { edge: number }[])[0]?.edge)).size,
    ).toBe(14);
    expect(rounds.slice(14).flatMap(({ projection }) => projection)).toContainEqual({
      cell: 'normal',
      node: 3,
      kept: [3, 4],
      accuracyWithout: { 2: expect.any(Number), 3: expect.any(Number), 4: expect.any(Number) },
    });
  });

  it('tries each candidate on the same batches of the half for α, and tunes on the other with a new optimizer', async () => {
    const { runs } = await run({ correct }, settings);
    const projection = runs.slice(runs.findIndex(({ step }) => step === 'evaluation'));
    // Seven candidates besides none, two kinds of cell, two batches.
    const round = projection.slice(0, 28);
    expect(round.every(({ step }) => step === 'evaluation')).toBe(true);
    round.forEach(({ feeds }, i) => {
      expect(feeds.images).toEqual(round[i % 2]?.feeds.images);
    });
    expect(round[0]?.feeds.images).not.toEqual(round[1]?.feeds.images);
    const tuning = projection.filter(({ step }) => step === 'tuning');
    expect(tuning).toHaveLength(32);
    expect(tuning.map(({ feeds }) => feeds.step?.[0])).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect(tuning[0]?.feeds['theta/momentum']?.every((x) => x === 0)).toBe(true);
    const rates = tuning.map(({ feeds }) => feeds.learningRate?.[0] as number);
    expect(rates[0]).toBeCloseTo(0.0025, 7);
    expect(rates.at(-1)).toBeGreaterThan(0.001);
    expect(rates.every((rate, i) => i === 0 || rate <= (rates[i - 1] as number))).toBe(true);
    // Tuned is the supernet as it is decided so far: two rows after the first round.
    const ones = (weights: Elements | undefined): number =>
      [...(weights ?? [])].filter((x) => x === 1).length;
    expect(ones(tuning[0]?.feeds.alpha)).toBe(2);
    expect(ones(tuning[2]?.feeds.alpha)).toBe(4);
  });

  it('needs no tuning, and tries all batches of the half where it is told to', async () => {
    const { runs, records, result } = await run(
      { correct },
      { ...settings, projectionTune: 0, projectionBatches: 0 },
    );
    expect(records).toHaveLength(2 + 17);
    expect(runs.some(({ step }) => step === 'tuning')).toBe(false);
    // 22 images for α are five batches; 14 edges of 7 candidates, and 3 + 4 + 5 edges, in two kinds of cell.
    expect(runs.filter(({ step }) => step === 'evaluation')).toHaveLength(5 * 2 * (14 * 7 + 12));
    expect(dartsGenotype(result.genotype).normal.nodes[3]?.map(({ input }) => input)).toEqual([3, 4]);
  });

  it('follows a search that was stopped, and goes on where it was interrupted', async () => {
    const options = { ...settings, epochs: 8, maxSkips: 2 };
    const straight = await run({ ...collapsing, correct }, options);
    expect(straight.records[4]).toHaveProperty('stopped');
    expect(straight.records).toHaveLength(5 + 17 + 16);

    const path = freshFolder();
    let resume = false;
    for (let status = 'interrupted'; status === 'interrupted'; resume = true) {
      const controller = new AbortController();
      let steps = 0;
      const observer = { onStep: () => void (++steps % 37 === 0 && controller.abort()) };
      const { engine } = scripted({ ...collapsing, correct });
      const folder = openRun(path, resume);
      const setting = { engine, folder, resume, observer, signal: controller.signal };
      ({ status } = await search(numbered(44), { ...small, ...options }, setting));
    }
    const untimed = (records: readonly EpochRecord[]) => records.map(({ seconds: _, ...record }) => record);
    expect(untimed(readMetrics(path))).toEqual(untimed(straight.records));
    expect(loadGenotype(path)).toEqual(straight.result.genotype);
    const again = await run({}, options, { folder: openRun(path, true), resume: true });
    expect(again.runs).toEqual([]);
    expect(again.result).toEqual(straight.result);
  });
});
