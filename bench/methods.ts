/** A search iteration by other methods against that of DARTS, on the same options: time and peak memory. */
import { join } from 'node:path';
import { amount, count } from '../src/kinds.ts';
import { type Contestant, ours, withContestant } from './harness/contestant.ts';
import { withFolder } from './harness/folder.ts';
import { option, readOptions, someOf, usual } from './harness/options.ts';
import { type Comparison, compare, play } from './harness/rounds.ts';
import {
  describeProblem,
  problemOf,
  searchProblemNames,
  searchProblems,
  writeSearchProblem,
} from './harness/search-problem.ts';
import { formatRatio, formatSummary, markdownTable } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

const others = ['pc-darts', 'gdas'] as const;

const steps = ['alpha', 'theta'] as const;
const rows = { α: ['alpha'], θ: ['theta'], iteration: steps } as const;

interface Duel {
  readonly method: string;
  /** Weights of the supernets: of DARTS, of the method. */
  readonly parameters: readonly [number, number];
  /** The method's time is `theirs`. */
  readonly times: Readonly<Record<string, Comparison>>;
  /** The highest resident memory of either process at the end, in bytes. */
  readonly peakBytes: readonly [number, number];
}

const launch = (method: string) => ours(method, 'search-step.ts', method);

const peakOf = async ({ ask }: Contestant): Promise<number> =>
  (await ask<{ peakBytes: number }>('memory')).peakBytes;

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function tableOf(duels: readonly Duel[]): string {
  const head = ['method', 'weights', 'step', 'darts, ms', 'method, ms', 'ratio', 'darts, MiB', 'method, MiB'];
  const body = duels.flatMap(({ method, parameters, times, peakBytes }) =>
    Object.entries(times).map(([step, { ours: darts, theirs, ratio }]) => [
      method,
      String(parameters[1]),
      step,
      formatSummary(darts),
      formatSummary(theirs),
      formatRatio(ratio),
      ...peakBytes.map(mebibytes),
    ]),
  );
  return markdownTable(head, body);
}

const benchmark: Benchmark = {
  /** Options: --configuration canonical,grey --rounds 5 --warmup 2 --threads 2 --seed 2. */
  async *run(args) {
    const options = readOptions(args, {
      ...usual,
      configuration: someOf(searchProblemNames, ['canonical', 'grey']),
      rounds: option(count, 5),
      warmup: option(amount, 2),
    });
    for (const part of options.configuration) {
      const problem = searchProblems[part];
      process.stderr.write(`${describeProblem(problem)}\n`);
      const duels: Duel[] = [];
      await withFolder(async (folder) => {
        for (const method of ['darts', ...others] as const) {
          const file = join(folder, `${method}.safetensors`);
          writeSearchProblem(file, problemOf(problem, method), options.seed);
        }
        const request = { ...problem, problem: folder, threads: options.threads };
        const duel = async (home: Contestant, guest: Contestant): Promise<Duel> => {
          const match = await play([home, guest], request, steps, options);
          const times = Object.entries(rows).map(([row, sum]) => [row, compare(match, sum, options)]);
          return {
            method: guest.name,
            parameters: [match[0].prepared.parameters, match[1].prepared.parameters],
            times: Object.fromEntries(times),
            peakBytes: [await peakOf(home), await peakOf(guest)],
          };
        };
        for (const method of others) {
          duels.push(
            await withContestant(launch('darts'), (home) =>
              withContestant(launch(method), (guest) => duel(home, guest)),
            ),
          );
        }
      });
      const table = `${describeProblem(problem)}\n\n${tableOf(duels)}`;
      yield { part, table, configuration: { ...options, problem }, results: duels };
    }
  },
};

export default benchmark;
