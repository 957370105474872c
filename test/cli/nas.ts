/** Runs the built command as a child process, as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  /** The exit code; the signal's name where one ended the process. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves when stdout or stderr has written something that matches; rejects where the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `nas` in a folder. */
export function start(cwd: string, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
      notify();
    });
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? String(signal), ...written }));
  });
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(written.stdout) ?? pattern.exec(written.stderr);
        if (!found) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      void ended.then(() => {
        look();
        reject(new Error(`nas ended without saying ${pattern}:\n${written.stdout}\n${written.stderr}`));
      });
      look();
    });
  return { process: child, ended, said };
}

/** Runs `nas` to its end. */
export const nas = (cwd: string, ...args: readonly string[]): Promise<Outcome> => start(cwd, ...args).ended;

/** Runs `nas … --json`, which must succeed; its result. */
export async function nasJson(cwd: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await nas(cwd, ...args, '--json');
  expect(code, stderr).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

/** Nobody should need a stack trace. */
export const stackTrace = /^\s+at .*(:\d+|\))$/m;

/** The command was used wrongly: it says so in one message and does nothing. */
export function expectRefused({ code, stdout, stderr }: Outcome, message: RegExp, expected: 1 | 2 = 2): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(stackTrace);
  expect(stdout).toBe('');
  expect(code).toBe(expected);
}

/** A new folder; `remove` deletes it. */
export async function newFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'nas-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A space whose steps compile in half the time of those of `simple`. */
export const smallSpace = fileURLToPath(new URL('./small-space.json', import.meta.url));

/** Options that make a run a matter of seconds. */
export const tiny =
  '--channels 4 --cells 2 --epochs 1 --max-steps 2 --batch 8 --train-limit 100 --test-limit 50 --seed 1 --threads 1'.split(
    ' ',
  );
