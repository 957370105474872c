/**
 * `npm run bench -- NAME [options]`: runs bench/NAME.ts, prints its tables, writes bench/results/NAME.json, or the file
 * that `--out FILE` names.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, FailureError, InputError, messageOf } from '../src/errors.ts';
import { requireWritable, writeWhole } from '../src/runs/files.ts';
import { measureSpeed } from './harness/speed.ts';
import { machine } from './machine.ts';

/** A table for people, and everything that was measured. */
export interface Report {
  /** Which part of the benchmark this is; the file keeps what it holds of the others. */
  readonly part?: string;
  /** Absent while the part is not complete: the file holds what there is of it. */
  readonly table?: string;
  readonly configuration: object;
  readonly results: unknown;
}

export interface Benchmark {
  /** Reports each part when it is measured. */
  run(options: readonly string[]): AsyncIterable<Report>;
}

const folder = new URL('./', import.meta.url);
const support = ['run', 'machine'];
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !support.includes(name));

async function main(name: string, options: string[]): Promise<void> {
  if (!names.includes(name)) throw new InputError(`which benchmark? npm run bench -- ${names.join('|')}`);
  const at = options.indexOf('--out');
  const [, out] = at < 0 ? [] : options.splice(at, 2);
  const command = ['npm run bench --', name, ...options.map(placeless)].join(' ');
  if (at >= 0 && !out) throw new InputError('--out needs a file');
  const file = out ?? fileURLToPath(new URL(`results/${name}.json`, folder));
  requireWritable(file);
  const { default: benchmark } = (await import(new URL(`${name}.ts`, folder).href)) as { default: Benchmark };
  let before = await measureSpeed();
  for await (const { part, table, ...measured } of benchmark.run(options)) {
    // What is not complete is measured on.
    const after = table === undefined ? undefined : await measureSpeed();
    const entry = { command, machine: machine(), sgemm: { unit: 'GFLOP/s', before, after }, ...measured };
    before = after ?? before;
    const content = part ? { ...partsOf(file), [part]: entry } : entry;
    writeWhole(file, `${JSON.stringify(content, (_, value) => placeless(value), 2)}\n`);
    if (table !== undefined) process.stdout.write(`${table}\n\n`);
  }
}

/** Where a file lies on this machine says nothing to others: its name does. */
const placeless = <T>(value: T): T | string =>
  typeof value === 'string' && isAbsolute(value) ? basename(value) : value;

/** What a file holds of a benchmark in parts; nothing where it holds one as a whole. */
function partsOf(file: string): object {
  const content = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
  return 'results' in content ? {} : content;
}

const [name = '', ...options] = process.argv.slice(2);
try {
  await main(name, options);
} catch (error) {
  const expected = error instanceof InputError || error instanceof FailureError;
  process.stderr.write(`${expected ? messageOf(error) : (error as Error).stack}\n`);
  process.exitCode = exitCodeOf(error);
}
