/** Several seeds, selection, comparison and report, as a user types them. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointFile } from '../../src/runs/layout.ts';
import { openRun, readMetrics } from '../../src/runs/run-folder.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { outcomeOf } from '../runs/folders.ts';
import { expectRefused, nas, nasJson, newFolder, smallSpace, start } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
const place = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Record<string, unknown>> => nasJson(folder.path, ...args);
const json = (...names: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(place(...names), 'utf8'));

/** Small images, and an α that moves, so that seeds find different genotypes. */
const search =
  `search --space ${smallSpace} --image-size 8 --channels 4 --cells 1 --epochs 3 --max-steps 2 --batch 8 --train-limit 100 --test-limit 50 --seed 1 --threads 1 --alpha-learning-rate 0.2`.split(
    ' ',
  );
const short = [
  '--channels',
  '4',
  '--cells',
  '1',
  '--epochs',
  '2',
  '--max-steps',
  '2',
  '--batch',
  '8',
  '--threads',
  '1',
];

/** All that a folder and those in it hold, but for times. */
const outcomes = (path: string): Record<string, unknown> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name === 'config.json')
      .map((entry) => entry.parentPath)
      .sort()
      .map((parent) => [
        parent.slice(path.length),
        { ...outcomeOf(parent), config: readFileSync(join(parent, 'config.json'), 'utf8') },
      ]),
  );

/** Makes the weights of a run that was interrupted something that no training recovers from. */
function spoilWeights(path: string): void {
  const { arrays } = readArrays(checkpointFile(path));
  const sizes = Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, data.length]));
  const opened = openRun(path, true);
  const checkpoint = opened.loadCheckpoint(sizes);
  checkpoint.state.theta?.fill(Number.NaN);
  opened.saveCheckpoint(checkpoint);
}

beforeAll(async () => {
  folder = await newFolder();
  await run(...search, '--seeds', '2', '--out', 'whole');
});
afterAll(() => folder.remove());

describe('nas search --seeds', () => {
  it('lists what each seed has found', async () => {
    const again = await run('search', '--out', 'whole', '--resume');
    const searches = again.searches as {
      seed: number;
      run: string;
      genotype: string;
      validationAccuracy: number;
    }[];
    expect(searches.map((one) => [one.seed, one.run])).toEqual(
      [1, 2].map((seed) => [seed, `whole/seed-${seed}`]),
    );
    expect(new Set(searches.map(({ genotype }) => genotype)).size).toBe(2);
    for (const { genotype, run: path, validationAccuracy } of searches) {
      expect(genotype).toMatch(/^Genotype\(normal=/);
      expect(validationAccuracy).toBe(readMetrics(place(path)).at(-1)?.validationAccuracy);
    }
    expect(again.validationAccuracy).toMatchObject({ count: 2 });
  });

  it('each seed is to the bit what a search with that seed is', async () => {
    const single = search.map((word, i) => (search[i - 1] === '--seed' ? '2' : word));
    await run(...single, '--out', 'single');
    expect(outcomes(place('single'))['']).toEqual(outcomes(place('whole'))['/seed-2']);
  });

  it('interrupted, killed and continued, ends as if nothing had been', async () => {
    const running = start(folder.path, ...search, '--seeds', '2', '--out', 'broken');
    await running.said(/search 1 of 2/);
    await running.said(/search epoch 1\/3 step 1/);
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/saved; continue with: nas search --out broken --resume\n$/);
    expect(existsSync(place('broken', 'seed-2'))).toBe(false);

    cpSync(place('broken'), place('of other images'), { recursive: true });
    const config = place('of other images', 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"images": "\w+"/, '"images": "1234abcd"'));
    const changed = await nas(folder.path, 'search', '--out', 'of other images', '--resume');
    expectRefused(changed, /the images of .* are not those that the run in of other images began with/);
    rmSync(place('of other images'), { recursive: true });

    const killed = start(folder.path, 'search', '--out', 'broken', '--resume');
    await killed.said(/search 2 of 2/);
    const first = readFileSync(place('broken', 'seed-1', 'checkpoint.safetensors'));
    while (killed.process.exitCode === null && readMetrics(place('broken', 'seed-2')).length < 2)
      await setTimeout(2);
    killed.process.kill('SIGKILL');
    await killed.ended;

    const last = await nas(folder.path, 'search', '--out', 'broken', '--resume', '--seeds', '2');
    expect(last.stderr).toMatch(/seed 1 has finished/);
    expect(readFileSync(place('broken', 'seed-1', 'checkpoint.safetensors'))).toEqual(first);
    expect(outcomes(place('broken'))).toEqual(outcomes(place('whole')));
  });

  it('goes on with the other seeds where the training of one diverges, and says so from then on', async () => {
    const running = start(folder.path, ...search, '--seeds', '2', '--out', 'lost');
    await running.said(/search epoch 1\/3 step 1/);
    running.process.kill('SIGINT');
    await running.ended;
    spoilWeights(place('lost', 'seed-1'));

    const reason = /^the loss of epoch [1-3], step [12] is NaN: the training has diverged/;
    const first = await run('search', '--out', 'lost', '--resume');
    expect(first).toMatchObject({
      searches: [{ seed: 2 }],
      diverged: [{ seed: 1, run: 'lost/seed-1', reason: expect.stringMatching(reason) }],
      validationAccuracy: { count: 1 },
    });
    const second = await nas(folder.path, 'search', '--out', 'lost', '--resume', '--json');
    expect(JSON.parse(second.stdout)).toEqual(first);
    expect(second.stderr).toMatch(/seed 1 has diverged \(remove lost\/seed-1 to train it anew\)/);

    const selected = await nas(folder.path, 'select', 'lost', ...short, '--seeds', '1', '--json');
    expect(selected.stderr).toMatch(/without seed 1, which has diverged/);
    expect(JSON.parse(selected.stdout)).toMatchObject({ seed: 2, candidates: [{ seeds: [2] }] });
    await nas(folder.path, 'report', 'lost', '--out', 'lost.html');
    expect(readFileSync(place('lost.html'), 'utf8')).toMatch(/diverged after [0-2] of 3 epochs: the loss/);
  });

  it('fails where all diverge', async () => {
    const all = await nas(folder.path, ...search, '--seeds', '2', '--learning-rate', '1e30', '--out', 'gone');
    expect([all.code, all.stdout]).toEqual([1, '']);
    expect(all.stderr).toMatch(
      /seed 2 has diverged: the loss .*\n.*nas: all searches have diverged; seed 1: the loss/s,
    );
    expectRefused(await nas(folder.path, 'select', 'gone'), /all searches in gone have diverged/);
  });

  it('draws random genotypes, which the selection takes as it takes others', async () => {
    const drawn = await run(
      'search',
      '--method',
      'random',
      '--seeds',
      '2',
      '--train-limit',
      '60',
      '--out',
      'random',
    );
    expect(drawn.validationAccuracy).toBeNull();
    const { seed } = await run('select', 'random', ...short, '--seeds', '1');
    expect([2, 3]).toContain(seed);
  });

  it.each<[string, string[], RegExp]>([
    [
      'over several',
      [...search, '--seeds', '2', '--out', 'whole'],
      /whole holds a run already; choose another --out/,
    ],
    [
      'one over several',
      [...search, '--out', 'whole'],
      /whole holds several searches already; .*nas search --out whole --resume/,
    ],
    [
      'with another number',
      ['search', '--seeds', '4', '--out', 'whole', '--resume'],
      /whole have --seeds 2; they cannot be resumed with 4/,
    ],
    [
      'one as several',
      ['search', '--seeds', '2', '--out', 'whole/seed-1', '--resume'],
      /whole\/seed-1 is a single search; it cannot be resumed with --seeds 2/,
    ],
    [
      'with other options',
      ['search', '--cells', '9', '--out', 'whole', '--resume'],
      /has --cells 1; it cannot be resumed with 9/,
    ],
  ])('is refused: %s', async (_, command, message) => {
    expectRefused(await nas(folder.path, ...command), message);
  });
});

describe('nas select', () => {
  const select = ['select', 'whole', ...short, '--seeds', '2'];

  it('refuses what it cannot select from', async () => {
    expectRefused(
      await nas(folder.path, 'select', 'whole/seed-1'),
      /is a single search: there is nothing to select from/,
    );
    rmSync(place('broken', 'seed-2', 'genotype.json'));
    expectRefused(
      await nas(folder.path, 'select', 'broken'),
      /the search with seed 2 has not finished: continue with nas search --out broken --resume/,
    );
    expectRefused(
      await nas(folder.path, 'retrain', 'whole'),
      /whole holds several searches, and none of .* run "nas select whole" first, .* whole\/seed-1/,
    );
    expectRefused(await nas(folder.path, ...select, '--train-pportion', '1'), /did you mean --train-portion/);
    expect(existsSync(place('whole', 'select'))).toBe(false);
  });

  it('leaves out a genotype of which a retraining diverges', async () => {
    cpSync(place('whole'), place('partly'), { recursive: true });
    const running = start(folder.path, 'select', 'partly', ...select.slice(2));
    await running.said(/retraining 2 of 4: what seed 2 found, with seed 0/);
    running.process.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    spoilWeights(place('partly', 'select', 'seed-2', 'retrain-0'));

    const continued = await nas(folder.path, 'select', 'partly', '--resume', '--json');
    expect(continued.stderr).toMatch(/what seed 2 found, with seed 0 has diverged: the loss .* is NaN/);
    const result = JSON.parse(continued.stdout);
    expect(result).toMatchObject({
      seed: 1,
      candidates: [{ seeds: [1], accuracies: [expect.any(Number), expect.any(Number)] }],
      diverged: [
        { seeds: [2], run: 'partly/select/seed-2/retrain-0', reason: expect.stringMatching(/is NaN/) },
      ],
    });
    expect(existsSync(place('partly', 'select', 'seed-2', 'retrain-1'))).toBe(false);
    await nas(folder.path, 'report', 'partly', '--out', 'partly.html');
    expect(readFileSync(place('partly.html'), 'utf8')).toMatch(/Accuracy of the candidates/);
  });

  it('fails where a retraining of every genotype diverges', async () => {
    rmSync(place('partly', 'select'), { recursive: true });
    const all = await nas(folder.path, 'select', 'partly', ...select.slice(2), '--learning-rate', '1e30');
    expect([all.code, all.stdout]).toEqual([1, '']);
    expect(all.stderr).toMatch(
      /nas: a retraining of every candidate has diverged: .*select\/seed-1\/retrain-0: the loss/,
    );
  });

  it('interrupted and continued, keeps the genotype with the best mean', async () => {
    const running = start(folder.path, ...select);
    await running.said(/retraining 2 of 4: what seed 2 found, with seed 0/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/saved; continue with: nas select whole --resume\n$/);
    expectRefused(
      await nas(folder.path, ...select),
      /whole\/select holds a selection already; continue it with --resume/,
    );

    const result = await run('select', 'whole', '--resume');
    const candidates = result.candidates as {
      seeds: number[];
      genotype: string;
      accuracy: { mean: number; deviation: number; count: number };
      accuracies: number[];
    }[];
    expect(candidates).toHaveLength(2);
    for (const { seeds, accuracy, accuracies } of candidates) {
      const own = [0, 1].map((seed) =>
        Number(
          readMetrics(place('whole', 'select', `seed-${seeds[0]}`, `retrain-${seed}`)).at(-1)?.testAccuracy,
        ),
      );
      expect(accuracies).toEqual(own);
      const [a = 0, b = 0] = own;
      expect(accuracy.mean).toBeCloseTo((a + b) / 2, 12);
      expect(accuracy.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    }
    const means = candidates.map(({ accuracy }) => accuracy.mean);
    expect(means).toEqual([...means].sort((a, b) => b - a));
    expect(result).toMatchObject({ seed: candidates[0]?.seeds[0], genotype: candidates[0]?.genotype });
    // A fifth of the hundred training images.
    expect(result.heldOut).toBe(20);
    expect(result.overSeeds).toMatchObject({ count: 2 });
    expect(json('whole', 'select', 'result.json')).toEqual(result);
    expect(readFileSync(place('whole', 'genotype.json'))).toEqual(
      readFileSync(place('whole', `seed-${result.seed}`, 'genotype.json')),
    );
  });

  it('gives the same in one go', async () => {
    const result = await run('select', 'whole', '--resume');
    const before = outcomes(place('whole', 'select'));
    rmSync(place('whole', 'select'), { recursive: true });
    rmSync(place('whole', 'genotype.json'));
    expect(await run(...select)).toEqual(result);
    expect(outcomes(place('whole', 'select'))).toEqual(before);
  });

  it('is refused with other options or for other genotypes', async () => {
    expectRefused(
      await nas(folder.path, 'select', 'whole', '--resume', '--seeds', '3'),
      /has --seeds 2; it cannot be resumed with 3/,
    );
    const file = place('whole', 'seed-1', 'genotype.json');
    const own = readFileSync(file);
    writeFileSync(file, readFileSync(place('whole', 'seed-2', 'genotype.json')));
    expectRefused(await nas(folder.path, 'select', 'whole', '--resume'), /is of other genotypes/);
    writeFileSync(file, own);
  });

  it('is what retraining goes on from', async () => {
    await run('retrain', 'whole', ...short);
    const { genotype } = json('whole', 'select', 'result.json');
    expect(json('whole', 'retrain', 'config.json')).toMatchObject({
      genotype,
      // The images are those of the searches.
      options: { trainLimit: 100, testLimit: 50 },
    });
  });
});

it('a search of a version that had fewer options is retrained, compared and reported all the same', async () => {
  const { options, ...config } = json('single', 'config.json');
  const { method: _new, precision: _newer, ...old } = Object(options);
  writeFileSync(place('single', 'config.json'), JSON.stringify({ ...config, options: old }));
  await run('retrain', 'single', ...short, '--out', 'from-old');
  expect(json('from-old', 'retrain', 'config.json')).toMatchObject({ options: { trainLimit: 100 } });
  const { runs } = (await run('compare', 'single')) as { runs: object[] };
  expect(runs).toMatchObject([{ method: 'darts', space: 'small' }]);
});

describe('nas compare', () => {
  it('shows runs side by side, with dashes and their reasons', async () => {
    const { code, stdout, stderr } = await nas(folder.path, 'compare', 'whole', 'single', 'random/');
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^run +method +space +seeds +validation +test, last +test, best +parameters +MACs +search +retrain$/,
    );
    expect(lines[1]).toMatch(/^whole +darts +small +1, 2 +\d+\.\d+ ± \d+\.\d+ % +— +—/);
    expect(lines[2]).toMatch(
      /^whole \(selected\) +darts +small +\d +\d+\.\d+ % +\d+\.\d+ % +\d+\.\d+ % +[\d,]+ +\d+\.\d+ M/,
    );
    expect(lines[4]).toMatch(/^random +random +darts +2, 3 +— /);
    expect(stdout).toContain(
      '\nsingle: test accuracy, parameters, MACs, retrain time: not retrained (nas retrain single)\n',
    );
  });

  it('measures latency where asked to', async () => {
    const { runs } = (await run('compare', 'whole', 'single', '--latency', '--threads', '1')) as {
      runs: { kind: string; latency: { mean: number } | null; remarks: Record<string, string> }[];
    };
    expect(runs.map(({ kind, latency }) => [kind, (latency?.mean ?? 0) > 0])).toEqual([
      ['sweep', false],
      ['selected', true],
      ['search', false],
    ]);
    expect(runs[2]?.remarks.latency).toBe('not retrained (nas retrain single)');
  });

  it.each<[string[], RegExp]>([
    [[], /^nas: nas compare needs a <runs>/],
    [
      ['.'],
      /\. is no folder of a run: it has no config.json; it holds the runs broken from-old gone lost partly random single whole$/m,
    ],
    [['whole', '--threads', '1'], /--threads is for measuring: give --latency too/],
  ])('nas compare %s is refused', async (args, message) => {
    expectRefused(await nas(folder.path, 'compare', ...args), message);
  });
});

describe('nas report', () => {
  it('writes one file, into the run or where it is told to', async () => {
    expect(await run('report', 'whole')).toMatchObject({ report: 'whole/report.html' });
    const html = readFileSync(place('whole', 'report.html'), 'utf8');
    for (const seed of [1, 2]) expect(html).toContain(`whole/seed-${seed}<`);
    await run('report', 'single', '--out', 'reports/single.html');
    expect(readFileSync(place('reports', 'single.html'), 'utf8')).toMatch(/^<!doctype html>.*<\/html>\n$/s);
  });

  it('writes the cells alone', async () => {
    expect(await run('report', 'whole', '--svg', '--out', 'cells')).toEqual({
      normal: 'cells/normal.svg',
      reduce: 'cells/reduce.svg',
    });
    expect(readFileSync(place('cells', 'normal.svg'), 'utf8')).toMatch(/^<svg xmlns=.*<\/svg>\n$/s);
  });

  it.each<[string[], RegExp]>([
    [['cells'], /cells is no folder of a run/],
    [['single', '--out', 'cells'], /cannot write cells: it is a folder/],
    [
      ['broken', '--svg'],
      /none of their genotypes is selected: run "nas select broken" first, or name one of them, e.g. broken\/seed-1/,
    ],
    [
      ['single', '--svg', '--out', 'reports/single.html'],
      /--out must name a folder for the drawings, got the file/,
    ],
  ])('nas report %s is refused', async (args, message) => {
    expectRefused(await nas(folder.path, 'report', ...args), message);
  });
});
