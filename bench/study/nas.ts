/** Runs the command `nas` as a user does, in a process of its own, and watches its memory. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kebab } from '../../src/cli/options.ts';
import { secondsOf } from '../../src/comparison/measures.ts';
import { FailureError } from '../../src/errors.ts';
import { writeWhole } from '../../src/runs/files.ts';
import { hasCheckpoint, readMetrics } from '../../src/runs/run-folder.ts';
import { peakMemoryOf } from '../harness/memory.ts';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Finished {
  /** What the command printed. */
  readonly result: Readonly<Record<string, unknown>>;
  /** Of its epochs, from `metrics.jsonl`: an interrupted run counts what it was continued with, too. */
  readonly seconds: number;
  /** Megabytes; the most of all processes, where a run was continued. */
  readonly peakMegabytes: number;
}

const words = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [`--${value ? '' : 'no-'}${kebab(name)}`];
    return [`--${kebab(name)}`, String(value)];
  });

/** What is kept of a stage beside its run, so that going on with a study neither repeats nor forgets it. */
interface Kept {
  readonly peakMegabytes: number;
  readonly finished?: Finished;
}

const keptFile = (metrics: string): string => join(metrics, 'study.json');

const keptOf = (metrics: string): Kept =>
  existsSync(keptFile(metrics)) ? JSON.parse(readFileSync(keptFile(metrics), 'utf8')) : { peakMegabytes: 0 };

/**
 * Runs or continues `nas <words…> --out <folder>`; what has finished is not run again.
 *
 * @param metrics the folder of the run's `metrics.jsonl`
 * @throws FailureError where it does not end well
 */
export async function nas(
  stage: readonly string[],
  options: Readonly<Record<string, unknown>>,
  out: string,
  metrics: string,
): Promise<Finished> {
  const kept = keptOf(metrics);
  if (kept.finished) return kept.finished;
  const resume = hasCheckpoint(metrics);
  const args = [...stage, ...words(options), '--out', out, '--json', ...(resume ? ['--resume'] : [])];
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const interrupt = (): void => void child.kill('SIGINT');
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let [stdout, peakBytes] = ['', 0];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, (child.pid && peakMemoryOf(child.pid)) || 0);
  }, 500);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const peakMegabytes = Math.max(kept.peakMegabytes, Math.round(peakBytes / 2 ** 20));
  const keep = (more: Partial<Kept>): void =>
    writeWhole(keptFile(metrics), JSON.stringify({ peakMegabytes, ...more }));
  if (code !== 0) {
    if (existsSync(metrics)) keep({});
    throw new FailureError(`nas ${args.join(' ')} ended with ${code}`);
  }
  const seconds = Math.round(secondsOf(readMetrics(metrics)));
  const finished = { result: JSON.parse(stdout), seconds, peakMegabytes };
  keep({ finished });
  return finished;
}
