/**
 * `npm run bench -- NAME [options]`: runs bench/NAME.ts, prints its table, writes bench/results/NAME.json, or the file
 * that `--out FILE` names.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, FailureError, InputError, messageOf } from '../src/errors.ts';
import { requireWritable, writeWhole } from '../src/runs/files.ts';
import { machine } from './machine.ts';

/** A benchmark: a table for people, and everything that was measured. */
export interface Benchmark {
  run(options: readonly string[]): Promise<{ table: string; configuration: object; results: unknown }>;
}

const folder = new URL('./', import.meta.url);
const support = ['run', 'machine'];
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !support.includes(name));

async function main(name: string, options: string[]): Promise<void> {
  if (!names.includes(name)) throw new InputError(`which benchmark? npm run bench -- ${names.join('|')}`);
  const command = ['npm run bench --', name, ...options].join(' ');
  const at = options.indexOf('--out');
  const [, out] = at < 0 ? [] : options.splice(at, 2);
  if (at >= 0 && !out) throw new InputError('--out needs a file');
  const file = out ?? fileURLToPath(new URL(`results/${name}.json`, folder));
  requireWritable(file);
  const { default: benchmark } = (await import(new URL(`${name}.ts`, folder).href)) as { default: Benchmark };
  const { table, configuration, results } = await benchmark.run(options);
  writeWhole(file, `${JSON.stringify({ command, machine: machine(), configuration, results }, null, 2)}\n`);
  process.stdout.write(`${table}\n`);
}

const [name = '', ...options] = process.argv.slice(2);
try {
  await main(name, options);
} catch (error) {
  const expected = error instanceof InputError || error instanceof FailureError;
  process.stderr.write(`${expected ? messageOf(error) : (error as Error).stack}\n`);
  process.exitCode = exitCodeOf(error);
}
