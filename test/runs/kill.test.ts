/** Runs that are killed at a random moment and continued end as if nothing had happened. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasCheckpoint, readMetrics } from '../../src/runs/run-folder.ts';
import { program, smallSpace } from '../cli/nas.ts';
import { freshFolder, outcomeOf } from './folders.ts';

interface Kind {
  readonly name: string;
  readonly command: readonly string[];
  readonly epochs: number;
  /** Records of the whole run, where these are more than its epochs. */
  readonly records?: number;
  /** The folder of the run in that of `--out`. */
  readonly place: string;
}

/** Small, and one thread each: two runs go on at a time. */
const size = '--threads 1 --max-steps 3 --channels 4 --batch 16 --train-limit 200'.split(' ');

const search = ['search', '--space', smallSpace, '--cells', '1'];

const kinds: readonly Kind[] = [
  { name: 'search', command: [...search, ...size], epochs: 12, place: '.' },
  // What these draw at a step depends on the architecture before it.
  ...['gdas', 'drnas'].map((method) => ({
    name: `search by ${method}`,
    command: [...search, '--method', method, ...size],
    epochs: 12,
    place: '.',
  })),
  {
    name: 'projection',
    command: [
      ...['search', '--cells', '1', '--space', 'simple', '--select', 'projection', '--projection-tune', '1'],
      ...['--projection-batches', '1', '--beta-decay', '50', ...size],
    ],
    epochs: 2,
    // Fourteen rounds, tuning between them.
    records: 2 + 14 + 13,
    place: '.',
  },
  {
    name: 'retrain',
    command: ['retrain', 'darts_v2', '--cells', '2', '--test-limit', '100', '--drop-path', '0.5', ...size],
    epochs: 16,
    place: 'retrain',
  },
];

function start(args: readonly string[]): { child: ChildProcess; ended: Promise<unknown>; output(): string } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { child, ended: once(child, 'close'), output: () => Buffer.concat(chunks).toString() };
}

/** Runs a command to its end. */
async function finish(args: readonly string[]): Promise<void> {
  const { child, ended, output } = start(args);
  await ended;
  expect(child.exitCode, output()).toBe(0);
}

/** Kills a command some moments after its run has the records of `epochs` epochs, and something to continue. */
async function killAfter(epochs: number, folder: string, args: readonly string[]): Promise<void> {
  const { child, ended, output } = start(args);
  const begun = (): boolean => readMetrics(folder).length >= epochs && hasCheckpoint(folder);
  while (child.exitCode === null && !begun()) await setTimeout(2);
  await setTimeout(150 * Math.random());
  child.kill('SIGKILL');
  await ended;
  expect(child.signalCode, output()).toBe('SIGKILL');
}

describe.each(kinds)('$name', ({ command, epochs, records = epochs, place }) => {
  it('killed twice and continued ends with the same arrays, to the bit', async () => {
    const [whole, killed] = [freshFolder(), freshFolder()];
    const begin = (out: string): string[] => [...command, '--epochs', String(epochs), '--out', out];
    const resume = [...command.slice(0, command[0] === 'retrain' ? 2 : 1), '--out', killed, '--resume'];
    const folder = join(killed, place);
    const inPieces = async (): Promise<void> => {
      await killAfter(1, folder, begin(killed));
      await killAfter(Math.floor(records / 2), folder, resume);
      await finish(resume);
    };
    await Promise.all([finish(begin(whole)), inPieces()]);

    expect(outcomeOf(folder)).toEqual(outcomeOf(join(whole, place)));
    expect(readMetrics(folder).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: records }, (_, i) => i),
    );
    expect(readdirSync(folder)).toEqual(readdirSync(join(whole, place)));
  });
});
