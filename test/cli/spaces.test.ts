/** Spaces and budgets on the command line. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSearchSpace } from '../../src/cli/run-config.ts';
import { spaceFromFile } from '../../src/search/spaces/file.ts';
import { expectRefused, nas, nasJson, newFolder, tiny } from './nas.ts';

let folder: Awaited<ReturnType<typeof newFolder>>;
const place = (...names: string[]): string => join(folder.path, ...names);
const own = { name: 'mine', nodes: 1, operations: ['skip_connect', 'conv_3x3'], reductions: ['1/2'] };
const write = (name: string, content: object): void => writeFileSync(place(name), JSON.stringify(content));

beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => folder.remove());

describe("a space of one's own", () => {
  it('is kept by the run, which is continued, retrained and exported without the file', async () => {
    write('mine.json', own);
    await nasJson(folder.path, 'search', '--space', 'mine.json', ...tiny, '--out', 'a');
    const { content, ...expected } = spaceFromFile(place('mine.json'));
    expect(readSearchSpace(place('a'))).toEqual({ content, space: expected });

    write('mine.json', { ...own, nodes: 2 });
    const resume = ['search', '--out', 'a', '--resume'];
    const changed = await nas(folder.path, ...resume, '--space', 'mine.json');
    expectRefused(changed, /mine\.json has changed since the run in a began.* resume it without --space/);
    rmSync(place('mine.json'));
    await nasJson(folder.path, ...resume);
    await nasJson(folder.path, ...resume, '--space', 'mine.json');

    await nasJson(folder.path, 'retrain', 'a', ...tiny);
    await nasJson(folder.path, 'export', 'a', '--onnx', 'mine/1/model.onnx');
    expect(readFileSync(place('mine', '1', 'model.md'), 'utf8')).toContain('reductions=[0.5])');
  });

  it('is refused where it is none, before anything is written', async () => {
    write('wrong.json', { ...own, operations: ['conv_3'] });
    const wrong = await nas(folder.path, 'search', '--space', 'wrong.json', '--out', 'b');
    expectRefused(wrong, /nas: wrong\.json: "operations" names the unknown operation "conv_3"; did you mean/);
    const missing = await nas(folder.path, 'search', '--space', 'absent.json', '--out', 'b');
    expectRefused(missing, /the space absent\.json cannot be read/);
    expect(existsSync(place('b'))).toBe(false);
  });

  it('is damaged where the run has lost it', async () => {
    const file = place('a', 'config.json');
    const { space: _, ...config } = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify(config));
    expectRefused(
      await nas(folder.path, 'search', '--out', 'a', '--resume'),
      /space must be the content of a space/,
    );
  });
});

describe('a budget', () => {
  const search = ['search', '--space', 's2', ...tiny];

  it('holds for the network of the genotype, and its cost is recorded', async () => {
    const sizes = ['--budget-channels', '4', '--budget-cells', '3'];
    const result = await nasJson(folder.path, ...search, '--budget', 'macs=700K', ...sizes, '--out', 'c');
    const info = await nasJson(
      folder.path,
      ...['info', 'c', '--channels', '4', '--cells', '3'],
      ...['--image-channels', '1', '--height', '28', '--width', '28'],
    );
    expect(result.cost).toBeLessThanOrEqual(700e3);
    expect(info.macs).toBeLessThanOrEqual(result.cost as number);
    const [record] = readFileSync(place('c', 'metrics.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(record ?? '')).toMatchObject({ cost: result.cost, expectedCost: expect.any(Number) });
    // The network that it holds for is the one that is retrained, unless another is asked for.
    const retrain = ['retrain', 'c', '--epochs', '1', '--max-steps', '1', '--batch', '8', '--threads', '1'];
    const own = await nas(folder.path, ...retrain, '--out', 'own');
    expect(own.stderr).toMatch(/retrain: 3 cells, 4 channels/);
    expect(own.stderr).not.toMatch(/does not hold/);
    const other = await nas(folder.path, ...retrain, '--cells', '2', '--out', 'other');
    expect(other.stderr).toMatch(
      /the budget of the search in c is for a network of 4 channels and 3 cells: it does not hold for 4 and 2$/m,
    );
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no budget', ['--budget', 'much'], /--budget must be macs=N, .* got much/],
    ['a unit of something else', ['--budget', 'latency=5M'], /--budget must be .* got latency=5M/],
    ['a weight of nothing', ['--cost-weight', '2'], /--cost-weight is for a search with --budget/],
    ['a latency without a table', ['--budget', 'latency=5ms'], /needs --latency-table FILE/],
    ['a table that is not read', ['--budget', 'macs=1M', '--latency-table', 'x'], /this one is of macs/],
    [
      'a table that is not there',
      ['--budget', 'latency=1s', '--latency-table', 'x'],
      /latency table x cannot be read/,
    ],
    ['too little', ['--budget', 'macs=1K'], /at most 1\.000K: the smallest possible has \d/],
    [
      'the method random',
      ['--method', 'random', '--budget', 'macs=1M'],
      /--budget is not for the method random/,
    ],
  ])('is refused with %s', async (_, options, message) => {
    expectRefused(await nas(folder.path, 'search', '--space', 's2', ...options, '--out', 'd'), message);
    expect(existsSync(place('d'))).toBe(false);
  });

  it('of latency is measured, and kept by the run', async () => {
    write('two.json', { name: 'two', nodes: 1, operations: ['skip_connect', 'sep_conv_5x5'] });
    const sizes = ['--space', 'two.json', '--channels', '4', '--cells', '2', '--threads', '1'];
    const table = ['--latency-table', 'cpu.json'];
    const { operations } = await nasJson(folder.path, 'profile', ...sizes, ...table);
    expect(operations).toBeGreaterThan(0);
    const args = ['search', ...tiny, '--space', 'two.json', '--budget', 'latency=1s', ...table, '--out', 'e'];
    const { cost } = await nasJson(folder.path, ...args);
    rmSync(place('cpu.json'));
    expect((await nasJson(folder.path, 'search', '--out', 'e', '--resume')).cost).toBe(cost);
    expectRefused(await nas(folder.path, 'profile', ...sizes), /say where to write the table/);
  });
});
