import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchReport } from '../../src/comparison/history.ts';
import { readRun } from '../../src/comparison/records.ts';
import { reportOf } from '../../src/comparison/report.ts';
import { summarize } from '../../src/comparison/summary.ts';
import { InputError } from '../../src/errors.ts';
import { reportHtml } from '../../src/report/page.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { softmax } from '../../src/softmax.ts';
import {
  alphaOf,
  emptyFolder,
  genotypeOf,
  write,
  writeRetrain,
  writeSearch,
  writeSelected,
  writeSelection,
  writeSweep,
} from './folders.ts';

describe('readRun', () => {
  it('reads a search with its retraining', () => {
    const run = join(emptyFolder(), 'x');
    writeSearch(run, { seed: 5 });
    writeRetrain(join(run, 'retrain'));
    const { kind, seeds, searches, genotype, retrain } = readRun(run);
    expect([kind, seeds]).toEqual(['search', [5]]);
    expect(searches[0]?.epochs).toHaveLength(3);
    expect(genotype).toBe(genotypeOf(searchSpace('darts'), 5, 2));
    expect(retrain?.epochs).toHaveLength(3);
  });

  it('reads a retraining by its own folder and by the one above', () => {
    const run = join(emptyFolder(), 'darts_v1');
    writeRetrain(join(run, 'retrain'));
    for (const path of [run, join(run, 'retrain')]) {
      expect(readRun(path)).toMatchObject({ kind: 'retrain', path, searches: [] });
    }
  });

  it('reads as much of several searches as there is', () => {
    const run = join(emptyFolder(), 'y');
    writeSweep(run, 4, 1);
    const partial = readRun(run);
    expect(partial.seeds).toEqual([2, 3, 4, 5]);
    expect(partial.searches.map(({ seed, genotype }) => [seed, genotype !== undefined])).toEqual([
      [2, true],
      [3, false],
    ]);
    writeSweep(run, 4);
    writeSelection(run, { 2: [0.5], 3: [0.7, 0.9] });
    writeSelected(run, 3);
    const whole = readRun(run);
    expect(whole.selection?.candidates.map(({ retrainings }) => retrainings.length)).toEqual([1, 2]);
    expect(whole.genotype).toBe(genotypeOf(searchSpace('darts'), 3, 2));
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    ['nothing', () => {}, /run does not exist: expected the folder of a run/],
    ['a file', (folder) => write(folder, 'x'), /run is a file: expected the folder of a run/],
    ['an empty folder', (folder) => mkdirSync(folder), /run is no folder of a run: it has no config.json$/],
    [
      'a folder of runs',
      (folder) => {
        writeSearch(join(folder, 'b'));
        writeRetrain(join(folder, 'a', 'retrain'));
      },
      /run is no folder of a run: .*; it holds the runs \S+run\/a \S+run\/b$/,
    ],
    [
      'a selection',
      (folder) => write(join(folder, 'config.json'), { command: 'select', options: {} }),
      /config.json is of "select", expected .*; name the folder above it/,
    ],
    [
      'half a file',
      (folder) => write(join(folder, 'config.json'), '{"command": '),
      /config.json is not JSON/,
    ],
    [
      'no options',
      (folder) => write(join(folder, 'config.json'), { command: 'search' }),
      /options must be an object, got undefined; the file is damaged/,
    ],
    [
      'a damaged record',
      (folder) => {
        writeSearch(folder);
        write(join(folder, 'metrics.jsonl'), '{"epoch": 0, "seconds": 1}\n{"epo\n');
      },
      /metrics.jsonl, line 2 is not JSON/,
    ],
    [
      'a retraining without its data set',
      (folder) => write(join(folder, 'config.json'), { command: 'retrain', options: {}, genotype: 'x' }),
      /dataset must be \{name, classes, shape\}/,
    ],
    [
      'a retraining whose classes are no texts',
      (folder) =>
        write(join(folder, 'config.json'), {
          command: 'retrain',
          options: {},
          genotype: 'x',
          dataset: { name: 'x', classes: ['a', 1], shape: { channels: 1, height: 12, width: 12 } },
        }),
      /dataset must be \{name, classes, shape\}, got .*"classes":\["a",1\]/,
    ],
  ])('refuses %s and says why', (_, make, message) => {
    const folder = join(emptyFolder(), 'run');
    make(folder);
    expect(() => readRun(folder)).toThrow(message);
    expect(() => readRun(folder)).toThrow(InputError);
  });

  it('is shown or refused, whatever a configuration holds', () => {
    const folder = emptyFolder();
    writeSweep(folder, 2);
    writeSelection(folder, { 2: [0.5], 3: [0.7] });
    writeRetrain(join(folder, 'retrain'));
    const files = [
      'config.json',
      'seed-2/config.json',
      'select/config.json',
      'retrain/config.json',
      'seed-3/metrics.jsonl',
    ];
    const names = [
      'options',
      'seed',
      'seeds',
      'genotype',
      'dataset',
      'candidates',
      'version',
      'epochs',
      'alpha',
      'channels',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 })),
        fc.constantFrom('search', 'sweep', 'retrain'),
        (file, content, command) => {
          const path = join(emptyFolder(), 'copy');
          writeSweep(path, 2);
          writeSelection(path, { 2: [0.5], 3: [0.7] });
          write(join(path, file), `${JSON.stringify({ command, ...content })}\n`);
          try {
            const run = readRun(path);
            expect(reportHtml(reportOf(run, summarize(run)))).toContain('</html>');
          } catch (error) {
            expect(error, String(error instanceof Error ? error.stack : error)).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the history of a search', () => {
  const historyOf = (trace: Parameters<typeof writeSearch>[1]) => {
    const folder = join(emptyFolder(), 'x');
    writeSearch(folder, trace);
    const [search] = readRun(folder).searches;
    if (!search) throw new Error('there is a search');
    return searchReport(search);
  };

  it('has the softmax of α by kind, edge and operation', () => {
    const { epochs, candidates } = historyOf({ seed: 7, space: 'simple' });
    const space = searchSpace('simple');
    const operations = space.candidates[0]?.[0] ?? [];
    expect(candidates?.operations).toEqual(operations);
    expect(candidates?.edges.map(({ from, to }) => `${from} ${to}`).slice(0, 5)).toEqual([
      'k−2 0',
      'k−1 0',
      'k−2 1',
      'k−1 1',
      '0 1',
    ]);
    const alpha = alphaOf(space, 7, 1);
    const count = operations.length;
    for (let row = 0; row * count < alpha.length; row++) {
      const expected = softmax([...alpha.subarray(row * count, (row + 1) * count)]);
      expect(epochs[1]?.strengths?.slice(row * count, (row + 1) * count)).toEqual(expected);
    }
  });

  it('has the places of the derived genotype: the strongest of their edges', () => {
    const { epochs, candidates } = historyOf({ seed: 3 });
    for (const { strengths = [], chosen = [] } of epochs) {
      // Two edges into each of four nodes, in two kinds of cell.
      expect(chosen).toHaveLength(16);
      for (const { kind, edge, operation } of chosen) {
        const count = candidates?.operations.length ?? 0;
        const begin = (kind * (candidates?.edges.length ?? 0) + edge) * count;
        const row = strengths.slice(begin, begin + count).map((x, i) => (i === 0 ? 0 : (x ?? 0)));
        expect(row.indexOf(Math.max(...row))).toBe(operation);
      }
    }
  });

  it('has what its records have, and counts skip connections where they do not', () => {
    const old = historyOf({ seed: 4 });
    expect(old.epochs[0]).not.toHaveProperty('eigenvalue');
    const genotype = genotypeOf(searchSpace('darts'), 4, 0);
    const [normal = ''] = genotype.split('normal_concat');
    expect(old.epochs[0]?.skips).toBe(normal.split('skip_connect').length - 1);
    const extra = (epoch: number): object => ({ skips: 7, eigenvalue: 0.1 * epoch, cost: 5e6 });
    expect(historyOf({ extra }).epochs[1]).toMatchObject({ skips: 7, eigenvalue: 0.1, cost: 5e6 });
    expect(historyOf({ extra })).not.toHaveProperty('costUnit');
    expect(historyOf({ options: { budget: 'latency=5ms' } }).costUnit).toBe('milliseconds');
  });

  it('has the weights of edges where the method learns them', () => {
    const beta = Array.from({ length: 28 }, (_, i) => (i % 14 === 1 ? Math.log(3) : 0));
    const { epochs } = historyOf({ options: { method: 'pc-darts' }, extra: () => ({ beta }) });
    const edges = epochs[0]?.edgeStrengths ?? [];
    expect(edges).toHaveLength(28);
    // softmax(0, ln 3), and of three alike.
    expect(edges.slice(0, 5)).toEqual([0.25, 0.75, 1 / 3, 1 / 3, 1 / 3].map((x) => expect.closeTo(x, 6)));
    const sums = epochs[0]?.strengths?.slice(0, 8).reduce((a = 0, b) => (a ?? 0) + (b ?? 0), 0);
    expect(sums).toBeCloseTo(0.25, 5);
  });

  it.each([undefined, null, [1, 2], Array(28).fill('x')])(
    'has no strengths where a method that learns weights of edges has not recorded them: %j',
    (beta) => {
      const { epochs } = historyOf({ options: { method: 'pc-darts' }, extra: () => ({ beta }) });
      expect(epochs.length).toBeGreaterThan(0);
      for (const epoch of epochs) expect(Object.keys(epoch)).not.toContain('strengths');
    },
  );

  it('has the decisions of the projection, by the names of the drawing', () => {
    const projection = [
      {
        cell: 'reduce',
        edge: 4,
        kept: ['sep_conv_3x3'],
        accuracyWithout: { sep_conv_3x3: 0.1, skip_connect: 0.5 },
      },
      { cell: 'normal', node: 3, kept: [2, 4], accuracyWithout: { 2: 0.1, 3: 0.6, 4: 0.2 } },
      { cell: 'nothing', edge: 0, kept: [], accuracyWithout: {} },
      'damaged',
    ];
    const { decisions, epochs } = historyOf({ extra: (epoch) => (epoch === 2 ? { projection } : {}) });
    // What is measured then is the supernet without one candidate or another.
    expect(epochs.map(({ validationAccuracy }) => validationAccuracy !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(decisions).toEqual([
      {
        epoch: 3,
        place: 'Reduction cell, 0 → 1',
        kept: ['sep_conv_3x3'],
        accuracyWithout: [
          ['sep_conv_3x3', 0.1],
          ['skip_connect', 0.5],
        ],
      },
      {
        epoch: 3,
        place: 'Normal cell, into 1',
        kept: ['k−2', '0'],
        accuracyWithout: [
          ['k−2', 0.1],
          ['k−1', 0.6],
          ['0', 0.2],
        ],
      },
    ]);
  });

  it('says why it was stopped', () => {
    const extra = (epoch: number): object => (epoch === 1 ? { stopped: '3 skip connections', taken: 0 } : {});
    expect(historyOf({ epochs: 3, done: 2, extra })).toMatchObject({
      stopped: '3 skip connections; the genotype is that of epoch 1',
      finished: false,
      planned: 3,
    });
  });

  it('does without weights that are not of its space', () => {
    const { epochs } = historyOf({ extra: () => ({ alpha: [1, 2, 3] }) });
    expect(epochs[0]).not.toHaveProperty('strengths');
    expect(epochs[0]?.loss).toBe(2);
    expect(historyOf({ options: { space: 'gone' } })).not.toHaveProperty('candidates');
  });
});
