import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureLatencies } from '../../src/comparison/latency.ts';
import { readRun } from '../../src/comparison/records.ts';
import { summarize } from '../../src/comparison/summary.ts';
import { networkCost } from '../../src/export/cost.ts';
import { summaryTable } from '../../src/report/summary-table.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import {
  emptyFolder,
  genotypeOf,
  write,
  writeRetrain,
  writeSearch,
  writeSelected,
  writeSelection,
  writeSweep,
} from './folders.ts';

const one = (mean: number) => ({ mean: expect.closeTo(mean, 9), deviation: null, count: 1 });

describe('summarize', () => {
  it('has last and best accuracies, the size of the network and the times', () => {
    const run = join(emptyFolder(), 'x');
    writeSearch(run);
    const genotype = genotypeOf(searchSpace('darts'), 2, 2);
    writeRetrain(join(run, 'retrain'), { genotype });
    const [row, ...more] = summarize(readRun(run));
    expect(more).toEqual([]);
    const size = { channels: 4, cells: 2, imageChannels: 1, height: 12, width: 12, classes: 3 };
    const { parameters, macs } = networkCost(parseGenotype(genotype), size);
    expect(row).toEqual({
      run,
      kind: 'search',
      method: 'darts',
      space: 'darts',
      seeds: [2],
      validationAccuracy: { last: one(0.47), best: one(0.47) },
      testAccuracy: { last: one(0.7), best: one(0.8) },
      parameters: one(parameters),
      macs: one(macs),
      latency: null,
      searchSeconds: one(36),
      retrainSeconds: one(15),
      remarks: {},
    });
  });

  it('says what is missing and how to get it', () => {
    const run = join(emptyFolder(), 'x');
    writeSearch(run, { done: 1 });
    const [row] = summarize(readRun(run), new Map());
    expect(row?.testAccuracy).toBeNull();
    expect(row?.remarks).toEqual({
      validationAccuracy: 'not finished: 1 of 3 epochs',
      searchSeconds: 'not finished: 1 of 3 epochs',
      testAccuracy: `not retrained (nas retrain ${run})`,
      parameters: `not retrained (nas retrain ${run})`,
      macs: `not retrained (nas retrain ${run})`,
      retrainSeconds: `not retrained (nas retrain ${run})`,
      latency: `not retrained (nas retrain ${run})`,
    });
  });

  it('knows that a random genotype takes no search', () => {
    const run = join(emptyFolder(), 'r');
    writeSearch(run, { epochs: 0, options: { method: 'random' } });
    write(join(run, 'genotype.json'), '');
    writeSearch(run, { epochs: 0, options: { method: 'random' } });
    const [row] = summarize(readRun(run));
    expect(row).toMatchObject({ method: 'random', searchSeconds: one(0), validationAccuracy: null });
    expect(row?.remarks.validationAccuracy).toBe('the method random trains no supernet');
  });

  it('takes mean and deviation over the seeds, and the selected one apart', () => {
    const run = join(emptyFolder(), 'y');
    writeSweep(run, 3);
    writeRetrain(join(run, 'seed-2', 'retrain'), { accuracies: [0.6] });
    writeRetrain(join(run, 'seed-4', 'retrain'), { accuracies: [0.8, 0.7] });
    writeSelection(run, { 2: [0.5, 0.6], 3: [0.7, 0.9], 4: [0.1, 0.2] });
    writeSelected(run, 3);
    const [all, selected] = summarize(readRun(run));
    expect(all).toMatchObject({ kind: 'sweep', seeds: [2, 3, 4] });
    expect(all?.validationAccuracy?.last).toEqual({
      mean: expect.closeTo(0.48, 9),
      deviation: expect.closeTo(0.01, 9),
      count: 3,
    });
    expect(all?.testAccuracy).toEqual({
      last: { mean: expect.closeTo(0.65, 9), deviation: expect.closeTo(Math.SQRT2 * 0.05, 9), count: 2 },
      best: { mean: expect.closeTo(0.7, 9), deviation: expect.closeTo(Math.SQRT2 * 0.1, 9), count: 2 },
    });
    expect(all?.remarks.testAccuracy).toBe('2 of 3 are retrained');
    // Three searches of three epochs (12, 13, 14 s each), and six retrainings of 5 s.
    expect(selected).toMatchObject({ kind: 'selected', seeds: [3], searchSeconds: one(3 * 39 + 30) });
    expect(selected?.remarks.testAccuracy).toBe(`not retrained (nas retrain ${run})`);
  });

  it('names a stop', () => {
    const run = join(emptyFolder(), 'x');
    writeSearch(run, { extra: (epoch) => (epoch === 2 ? { stopped: 'the eigenvalue grew' } : {}) });
    expect(summarize(readRun(run))[0]?.remarks.searchSeconds).toBe(
      'stopped after epoch 3: the eigenvalue grew',
    );
  });
});

describe('the table', () => {
  it('has dashes, their reasons, and no column that is empty throughout', () => {
    const folder = emptyFolder();
    writeSearch(join(folder, 'a'));
    writeRetrain(join(folder, 'b', 'retrain'), { accuracies: [0.5] });
    const summaries = ['a', 'b'].flatMap((name) => summarize(readRun(join(folder, name))));
    const { columns, rows, notes } = summaryTable(summaries);
    const byTitle = rows.map((row) => Object.fromEntries(row.map((text, i) => [columns[i]?.title, text])));
    expect(byTitle[0]).toMatchObject({ method: 'darts', seeds: '2', 'test, last': '—', search: '36.0 s' });
    expect(byTitle[1]).toMatchObject({ method: '—', seeds: '—', 'test, last': '50.00 %', retrain: '5.0 s' });
    expect(columns.map(({ title }) => title)).not.toContain('latency');
    expect(notes).toEqual([
      `${folder}/a: test accuracy, parameters, MACs, retrain time: not retrained (nas retrain ${folder}/a)`,
      `${folder}/b: validation accuracy, search time: no search in this folder`,
    ]);
  });
});

it('latency is measured, and is longer for a network of more operations', async () => {
  const folder = emptyFolder();
  const cell = (operation: string): string => `[('${operation}', 0), ('${operation}', 1)]`;
  for (const operation of ['skip_connect', 'sep_conv_5x5']) {
    const text = `Genotype(normal=${cell(operation)}, normal_concat=[2], reduce=${cell(operation)}, reduce_concat=[2])`;
    writeRetrain(join(folder, operation), { genotype: text });
  }
  const records = ['skip_connect', 'sep_conv_5x5'].map((name) => {
    const { retrain } = readRun(join(folder, name));
    if (!retrain) throw new Error('there is a retraining');
    return { ...retrain, options: { ...retrain.options, channels: 32, cells: 4 } };
  });
  const [light = 0, heavy = 0] = await measureLatencies(records, { provider: 'cpu', threads: 1 });
  expect(light).toBeGreaterThan(0);
  expect(heavy).toBeGreaterThan(light);
});
