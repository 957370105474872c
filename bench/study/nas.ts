/** Runs the command `nas` as a user does, in a process of its own, and watches its memory. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { kebab } from '../../src/cli/options.ts';
import { secondsOf } from '../../src/comparison/measures.ts';
import { FailureError } from '../../src/errors.ts';
import { hasCheckpoint, readMetrics } from '../../src/runs/run-folder.ts';
import { peakMemoryOf } from '../harness/memory.ts';

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Finished {
  /** What the command printed. */
  readonly result: Readonly<Record<string, unknown>>;
  /** Of its epochs, from `metrics.jsonl`: an interrupted run counts what it was continued with, too. */
  readonly seconds: number;
  /** Megabytes; of the last process, where a run was continued. */
  readonly peakMegabytes: number;
}

const words = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [`--${value ? '' : 'no-'}${kebab(name)}`];
    return [`--${kebab(name)}`, String(value)];
  });

/**
 * Runs or continues `nas <words…> --out <folder>`.
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
  if (code !== 0) throw new FailureError(`nas ${args.join(' ')} ended with ${code}`);
  return {
    result: JSON.parse(stdout),
    seconds: Math.round(secondsOf(readMetrics(metrics))),
    peakMegabytes: Math.round(peakBytes / 2 ** 20),
  };
}
