import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type Checkpoint, openRun, readConfig, readMetrics, withRun } from '../../src/runs/run-folder.ts';
import { readArrays, writeArrays } from '../../src/runs/safetensors.ts';
import { freshFolder } from './folders.ts';

const checkpoint: Checkpoint<'theta' | 'alpha'> = {
  state: { theta: Float32Array.of(1, 2, 3), alpha: Float32Array.of(Number.NaN, -0) },
  position: { epoch: 2, step: 5 },
  sums: { count: 40, loss: 1.25 },
  values: { bestAccuracy: 0.5 },
};
const sizes = { theta: 3, alpha: 2 };

/** A folder with a checkpoint, and the checkpoint's file. */
function saved(): { path: string; file: string } {
  const path = freshFolder();
  openRun(path, false).saveCheckpoint(checkpoint);
  return { path, file: join(path, 'checkpoint.safetensors') };
}

describe('openRun', () => {
  it('keeps a configuration, records and a checkpoint', () => {
    const path = freshFolder();
    const run = openRun(path, false);
    run.writeConfig({ options: { seed: 1 } });
    run.record({ epoch: 0, seconds: 1, loss: 3 });
    run.record({ epoch: 1, seconds: 1, loss: 2 });
    run.saveCheckpoint(checkpoint);
    run.writeGenotype('{}');
    expect(readConfig(path)).toEqual({ options: { seed: 1 } });
    expect(readMetrics(path)).toEqual([
      { epoch: 0, seconds: 1, loss: 3 },
      { epoch: 1, seconds: 1, loss: 2 },
    ]);
    expect(readMetrics(path, 1)).toHaveLength(1);
    expect(openRun(path, true).loadCheckpoint(sizes)).toEqual(checkpoint);
    // Written whole: nothing temporary is left.
    expect(readdirSync(path).sort()).toEqual([
      'checkpoint.safetensors',
      'config.json',
      'genotype.json',
      'metrics.jsonl',
    ]);
  });

  it('goes on with the records of a resumed run; an epoch that is repeated replaces its record', () => {
    const { path } = saved();
    const first = openRun(path, true);
    for (const epoch of [0, 1, 2]) first.record({ epoch, seconds: 1, loss: 3 - epoch });
    const second = openRun(path, true);
    second.record({ epoch: 2, seconds: 9, loss: 1 });
    second.record({ epoch: 3, seconds: 9, loss: 0 });
    expect(readMetrics(path).map(({ epoch, seconds }) => [epoch, seconds])).toEqual([
      [0, 1],
      [1, 1],
      [2, 9],
      [3, 9],
    ]);
  });

  it('overwrites no run, and resumes none that is not there', () => {
    const { path } = saved();
    expect(() => openRun(path, false)).toThrow(
      `${path} holds a run already; choose another --out, or continue it with --resume`,
    );
    const empty = freshFolder();
    expect(() => openRun(empty, true)).toThrow(
      `${empty} has nothing to resume: checkpoint.safetensors is missing`,
    );
    expect(() => openRun(empty, true)).toThrow(InputError);
    // A run that ended before its first checkpoint may be begun anew.
    mkdirSync(empty);
    writeFileSync(join(empty, 'config.json'), '{}');
    expect(() => openRun(empty, false)).not.toThrow();
  });

  it('clears away what a killed run was writing', () => {
    const { path } = saved();
    writeFileSync(join(path, 'checkpoint.safetensors.123.tmp'), 'half');
    openRun(path, true);
    expect(readdirSync(path)).toEqual(['checkpoint.safetensors']);
  });

  it('says where it cannot write', () => {
    const { file } = saved();
    expect(() => openRun(join(file, 'run'), false)).toThrow(InputError);
    expect(() => openRun(join(file, 'run'), false)).toThrow('cannot write');
  });
});

describe('a damaged checkpoint', () => {
  const load = (path: string) => openRun(path, true).loadCheckpoint(sizes);

  it('is refused wherever it is cut, and wherever a bit of it is turned', () => {
    const { path, file } = saved();
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at++) {
      writeFileSync(file, bytes.subarray(0, at));
      expect(() => load(path), `${at} bytes`).toThrow(InputError);
    }
    const header = 8 + Number(bytes.readBigUInt64LE(0));
    for (let at = 0; at < bytes.length; at++) {
      const turned = Buffer.from(bytes);
      turned[at] = (turned[at] as number) ^ 1;
      writeFileSync(file, turned);
      expect(() => load(path), `${at < header ? 'header' : 'data'}, byte ${at}`).toThrow(InputError);
    }
    writeFileSync(file, bytes);
    expect(load(path)).toEqual(checkpoint);
  });

  it.each<[string, (content: ReturnType<typeof readArrays>) => Parameters<typeof writeArrays>[1], string]>([
    [
      'lacks a vector',
      ({ arrays: { alpha, ...arrays }, metadata }) => ({ arrays, metadata }),
      'expected 2 elements of alpha, got none',
    ],
    [
      'is of another network',
      ({ arrays, metadata }) => ({
        arrays: { ...arrays, theta: { shape: [4], data: new Float32Array(4) } },
        metadata,
      }),
      'expected 3 elements of theta, got 4',
    ],
    ['says nothing of its progress', ({ arrays }) => ({ arrays, metadata: {} }), 'is damaged'],
    [
      'was changed by hand',
      ({ arrays, metadata }) => ({
        arrays,
        metadata: { ...metadata, progress: '{"position":{"epoch":0,"step":0}}' },
      }),
      'is damaged: its content does not have the checksum that it was written with',
    ],
  ])('is refused where it %s', (_, change, message) => {
    const { path, file } = saved();
    writeArrays(file, change(readArrays(file)));
    expect(() => load(path)).toThrow(message);
    expect(() => load(path)).toThrow(InputError);
  });
});

describe('what is damaged besides', () => {
  it.each<[string, string, (path: string) => unknown, string]>([
    ['config.json', '{', readConfig, 'config.json is not JSON'],
    ['metrics.jsonl', '{"epoch":0,"seconds":1}\n{"ep', readMetrics, 'metrics.jsonl, line 2 is not JSON'],
    [
      'metrics.jsonl',
      'null\n',
      readMetrics,
      'metrics.jsonl, line 1: expected {"epoch": …, "seconds": …}, got null',
    ],
  ])('%s is named', (name, text, read, message) => {
    const { path } = saved();
    writeFileSync(join(path, name), text);
    expect(() => read(path)).toThrow(message);
    expect(() => read(path)).toThrow(InputError);
  });

  it('a folder without a run is named', () => {
    const path = freshFolder();
    expect(() => readConfig(path)).toThrow(`${path} holds no run: config.json is missing`);
    expect(readMetrics(path)).toEqual([]);
  });
});

describe('withRun', () => {
  it('leaves a run as it is that another process has, and reads it when that has ended', async () => {
    const { path } = saved();
    const owner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const half = 'checkpoint.safetensors.123.tmp';
    for (const [name, text] of Object.entries({ 'running.pid': String(owner.pid), [half]: 'half' })) {
      writeFileSync(join(path, name), text);
    }
    const nothing = () => expect.unreachable();
    await expect(withRun(path, true, nothing)).rejects.toThrow(`process ${owner.pid} is working in this`);
    expect(readdirSync(path)).toContain(half);
    // What the owner still does is not lost.
    writeFileSync(join(path, 'metrics.jsonl'), '{"epoch":0,"seconds":1}\n');
    owner.kill('SIGKILL');
    await once(owner, 'close');
    await withRun(path, true, (run) => run.record({ epoch: 1, seconds: 1 }));
    expect(readMetrics(path).map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(readdirSync(path).sort()).toEqual(['checkpoint.safetensors', 'metrics.jsonl']);
  });

  it('gives the folder back, whatever becomes of the work', async () => {
    const { path } = saved();
    await expect(withRun(path, true, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withRun(path, true, (run) => run.path)).toBe(path);
    expect(readdirSync(path)).toEqual(['checkpoint.safetensors']);
  });
});
