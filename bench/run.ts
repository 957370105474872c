/** `npm run bench -- NAME [options]`: runs bench/NAME.ts, prints its table, writes bench/results/NAME.json. */
import { readdirSync } from 'node:fs';
import { writeWhole } from '../src/runs/files.ts';
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

const [name = '', ...options] = process.argv.slice(2);
if (!names.includes(name)) {
  process.stderr.write(`which benchmark? npm run bench -- ${names.join('|')}\n`);
  process.exit(2);
}
const { default: benchmark } = (await import(new URL(`${name}.ts`, folder).href)) as { default: Benchmark };
const { table, configuration, results } = await benchmark.run(options);
const command = ['npm run bench --', name, ...options].join(' ');
const file = new URL(`results/${name}.json`, folder);
writeWhole(
  file.pathname,
  `${JSON.stringify({ command, machine: machine(), configuration, results }, null, 2)}\n`,
);
process.stdout.write(`${table}\n`);
