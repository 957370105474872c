/** What retraining feeds its steps, and which weights it keeps, with an engine that computes nothing. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { InputError } from '../../src/errors.ts';
import { cosine } from '../../src/nn/schedules.ts';
import { type RetrainOptions, retrainDefaults } from '../../src/retrain/options.ts';
import { retrain } from '../../src/retrain/retrain.ts';
import type { EpochRecord } from '../../src/runs/epochs.ts';
import { openRun, readMetrics } from '../../src/runs/run-folder.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { numbered, numbersIn } from '../runs/datasets.ts';
import { type Run, recording } from '../runs/engines.ts';
import { freshFolder } from '../runs/folders.ts';

const images = 22;
const genotype = loadGenotype('darts_v2');
const small: RetrainOptions = {
  ...retrainDefaults,
  channels: 2,
  cells: 2,
  epochs: 4,
  batch: 4,
  auxiliaryWeight: 0,
  crop: 0,
  flip: false,
  cutout: 0,
};

/**
 * Training adds 1 to θ; `right` says how many of the test images the network of an epoch classifies correctly (their
 * labels alternate).
 */
function counting(right: readonly number[] = [0, 0, 0, 0]) {
  let epoch = -1;
  return recording(({ step, feeds }) => {
    const { theta, momentum, statistics } = feeds as Record<string, Float32Array>;
    if (step === 'train') {
      const next = { theta: theta?.map((x) => x + 1), momentum, statistics } as Record<string, Elements>;
      return { ...next, loss: Float32Array.of(0.5), correct: Float32Array.of(3) };
    }
    epoch++;
    const logits = Array.from({ length: 100 }, (_, i) => {
      const label = i % 2;
      const said = i < (right[epoch] as number) ? label : 1 - label;
      return [1 - said, said];
    });
    return { logits: Float32Array.from(logits.flat()) };
  });
}

const trainRuns = (runs: readonly Run[]): Run[] => runs.filter(({ step }) => step === 'train');

describe('retrain', () => {
  it.each([
    [{ droppath: 0.2 }, 'unknown option droppath; did you mean dropPath?'],
    [{ batch: 0 }, 'batch must be a whole number from 1 to 65536, got 0'],
    [{ dropPath: 1 }, 'dropPath must be a number from 0 to below 1, got 1'],
    [{ optimizer: 'lion' }, 'optimizer must be one of sgd, adam, adamw, rmsprop, got lion'],
  ])('refuses %o before anything is computed', async (settings, message) => {
    const { engine, runs } = counting();
    const options = { ...small, ...settings } as RetrainOptions;
    const refused = retrain(genotype, numbered(images), options, { engine });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
    expect(runs).toEqual([]);
  });

  it.each<[unknown, RegExp]>([
    ['darts_v2', /^expected a genotype: loadGenotype makes one of a name/],
    [undefined, /^expected a genotype/],
    [{ normal: { nodes: [], concat: [] } }, /^expected a genotype/],
    [
      { ...genotype, normal: { nodes: [[{ operation: 'sep_conv_9x9', input: 0 }]], concat: [2] } },
      /sep_conv_9x9/,
    ],
    [{ ...genotype, reduce: { nodes: [[{ operation: 'none', input: 7 }]], concat: [2] } }, /7/],
  ])('refuses %j, which is no genotype', async (wrong, message) => {
    const { engine, runs } = counting();
    const refused = retrain(wrong as typeof genotype, numbered(images), small, { engine });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(message);
    expect(runs).toEqual([]);
  });

  it('shows every image once an epoch, in another order in each', async () => {
    const { engine, runs } = counting();
    await retrain(genotype, numbered(images), small, { engine });
    const batches = trainRuns(runs).map(({ feeds }) => numbersIn(feeds.images as Elements, images));
    expect(batches).toHaveLength(20);
    const epochs = [0, 5, 10, 15].map((begin) => batches.slice(begin, begin + 5).flat());
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(20);
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(4);
    trainRuns(runs).forEach(({ feeds }, i) => {
      expect([...(feeds.labels ?? [])]).toEqual(batches[i]?.map((image) => image % 2));
    });
  });

  it('lowers the learning rate to 0 along a cosine', async () => {
    const { engine, runs } = counting();
    await retrain(genotype, numbered(images), small, { engine });
    trainRuns(runs).forEach(({ feeds }, i) => {
      expect(feeds.learningRate?.[0]).toBeCloseTo(cosine(0.025, 0, Math.floor(i / 5), 4), 7);
    });
  });

  it('drops paths at a probability that grows, and keeps their expectation', async () => {
    const { engine, runs } = counting();
    await retrain(genotype, numbered(images), { ...small, dropPath: 0.4 }, { engine });
    const masks = [0, 1, 2, 3].map((epoch) =>
      trainRuns(runs)
        .slice(5 * epoch, 5 * epoch + 5)
        .flatMap(({ feeds }) => [...(feeds.pathMasks ?? [])]),
    );
    masks.forEach((values, epoch) => {
      const keep = 1 - (0.4 * epoch) / 4;
      const levels = new Set(values);
      expect([...levels].every((x) => x === 0 || Math.abs(x - 1 / keep) < 1e-6)).toBe(true);
      // Four standard errors of a mean of 0 or 1/keep.
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      expect(Math.abs(mean - 1)).toBeLessThanOrEqual(4 * Math.sqrt((1 / keep - 1) / values.length));
    });
    expect(new Set(masks[0])).toEqual(new Set([1]));
    expect(masks[3]).toContain(0);
  });

  it('keeps the weights of the best evaluation, the first of equals, and the last ones', async () => {
    const path = freshFolder();
    const { engine } = counting([2, 8, 8, 4]);
    const result = await retrain(genotype, numbered(images), small, { engine, folder: openRun(path, false) });
    expect(result.bestAccuracy).toBeCloseTo(8 / 22, 9);
    expect(result.accuracy).toBeCloseTo(4 / 22, 9);
    const theta = (name: string) => readArrays(join(path, `${name}.safetensors`));
    const [best, last] = [theta('best'), theta('last')];
    const bias = (file: typeof best): number => file.arrays['parameter/classifier/bias']?.data[0] as number;
    expect(bias(last) - bias(best)).toBeCloseTo(10, 4);
    expect([best.metadata.epoch, last.metadata.epoch]).toEqual(['1', '3']);
    expect(JSON.parse(best.metadata.accuracy ?? '')).toBeCloseTo(8 / 22, 9);
    expect(readMetrics(path).map(({ testAccuracy }) => testAccuracy)).toEqual(
      [2, 8, 8, 4].map((right) => right / 22),
    );
  });

  it('has best weights even where no image is classified correctly', async () => {
    const path = freshFolder();
    const { engine } = counting([0, 0, 0, 0]);
    const { bestAccuracy } = await retrain(genotype, numbered(images), small, {
      engine,
      folder: openRun(path, false),
    });
    expect(bestAccuracy).toBe(0);
    expect(readdirSync(path)).toContain('best.safetensors');
  });

  it('evaluates after every so many epochs, and after the last', async () => {
    const records: EpochRecord[] = [];
    const { engine } = counting([2, 4]);
    const observer = { onEpoch: (record: EpochRecord) => records.push(record) };
    await retrain(genotype, numbered(images), { ...small, evaluateEvery: 3 }, { engine, observer });
    expect(records.map(({ testAccuracy }) => testAccuracy)).toEqual([undefined, undefined, 2 / 22, 4 / 22]);
    expect(records[0]).toMatchObject({ epoch: 0, loss: 0.5, accuracy: 0.75 });
  });

  it('counts the weights without the auxiliary head', async () => {
    const count = async (auxiliaryWeight: number): Promise<number> => {
      const { engine } = counting();
      return (await retrain(genotype, numbered(images), { ...small, auxiliaryWeight }, { engine }))
        .parameters;
    };
    expect(await count(0.4)).toBe(await count(0));
  });
});
