/** Peak resident memory of search iterations: each contestant in a process of its own, one after the other. */
import { join } from 'node:path';
import { count } from '../src/kinds.ts';
import { type Contestant, withContestant } from './harness/contestant.ts';
import { withFolder } from './harness/folder.ts';
import { option, python, readOptions, someOf, usual } from './harness/options.ts';
import { requirePython } from './harness/python.ts';
import { searchContestants } from './harness/search-contestants.ts';
import {
  describeProblem,
  searchProblemNames,
  searchProblems,
  writeSearchProblem,
} from './harness/search-problem.ts';
import { markdownTable } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

/** Bytes, each the highest so far. */
interface Peaks {
  readonly contestant: string;
  /** Before the first step. */
  readonly prepared: number;
  /** After one iteration, α's step and the weights'. */
  readonly first: number;
  /** After all of them. */
  readonly last: number;
}

async function peaksOf({ name, ask }: Contestant, request: object, iterations: number): Promise<Peaks> {
  process.stderr.write(`${name}\n`);
  const peak = async (): Promise<number> => (await ask<{ peakBytes: number }>('memory')).peakBytes;
  await ask('prepare', request);
  const peaks = [await peak()];
  for (let i = 0; i < iterations; i++) {
    await ask('alpha');
    await ask('theta');
    peaks.push(await peak());
  }
  const [prepared, first, last] = [peaks[0], peaks[1], peaks.at(-1)] as [number, number, number];
  return { contestant: name, prepared, first, last };
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function tableOf(peaks: readonly Peaks[], iterations: number): string {
  const counts = ['prepared', 'one iteration', `${iterations} iterations`];
  const head = ['contestant', ...counts.map((count) => `${count}, MiB`), 'one, relative'];
  const rows = peaks.map(({ contestant, prepared, first, last }) => [
    contestant,
    ...[prepared, first, last].map(mebibytes),
    (first / (peaks[0] as Peaks).first).toFixed(2),
  ]);
  return markdownTable(head, rows);
}

const benchmark: Benchmark = {
  /** Options: --configuration canonical --rounds 3 (iterations) --threads 2 --seed 2 --python PATH. */
  async *run(args) {
    const options = readOptions(args, {
      ...usual,
      configuration: someOf(searchProblemNames, ['canonical']),
      rounds: option(count, 3),
      python,
    });
    const { ours, peers } = searchContestants(requirePython(options.python, ['torch', 'numpy']));
    for (const part of options.configuration) {
      const problem = searchProblems[part];
      const peaks: Peaks[] = [];
      await withFolder(async (folder) => {
        const file = join(folder, 'problem.safetensors');
        writeSearchProblem(file, problem, options.seed);
        const request = { ...problem, problem: file, threads: options.threads };
        for (const launch of [ours, ...peers]) {
          const measure = (contestant: Contestant) => peaksOf(contestant, request, options.rounds);
          peaks.push(await withContestant(launch, measure));
        }
      });
      const table = `${describeProblem(problem)}\n\n${tableOf(peaks, options.rounds)}`;
      yield { part, table, configuration: { ...options, problem }, results: peaks };
    }
  },
};

export default benchmark;
