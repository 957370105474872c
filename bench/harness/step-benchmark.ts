/**
 * A benchmark of training steps over some configurations: ours against each peer. Two at a time, as a training step
 * of each in memory is all that a machine of 24 GiB holds.
 */
import { join } from 'node:path';
import { amount, count } from '../../src/kinds.ts';
import type { Benchmark } from '../run.ts';
import { type Contestant, type Launch, withContestant } from './contestant.ts';
import { withFolder } from './folder.ts';
import { option, python, readOptions, someOf, usual } from './options.ts';
import { requirePython } from './python.ts';
import { type Agreement, type Comparison, compare, play, requireAgreement } from './rounds.ts';
import { formatRatio, formatSummary, markdownTable } from './statistics.ts';

export interface StepBenchmark<Name extends string, Problem extends object> {
  readonly problems: Readonly<Record<Name, Problem>>;
  readonly describe: (problem: Problem) => string;
  /** Writes what all contestants begin with to a file. */
  readonly write: (path: string, problem: Problem, seed: number) => void;
  readonly contestants: (python: string) => { readonly ours: Launch; readonly peers: readonly Launch[] };
  /** The rows of the table: each a sum of steps, which are the commands that are timed. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
}

interface Duel {
  readonly peer: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly agreement: Agreement;
  readonly times: Readonly<Record<string, Comparison>>;
}

export const stepBenchmark = <Name extends string, Problem extends object>({
  problems,
  describe,
  write,
  contestants,
  rows,
}: StepBenchmark<Name, Problem>): Benchmark => ({
  async *run(args) {
    const names = Object.keys(problems) as Name[];
    const options = readOptions(args, {
      ...usual,
      configuration: someOf(names),
      rounds: option(count, 7),
      warmup: option(amount, 2),
      python,
    });
    const { ours, peers } = contestants(requirePython(options.python, ['torch', 'numpy']));
    const steps = [...new Set(Object.values(rows).flat())];
    for (const part of options.configuration) {
      const problem = problems[part];
      process.stderr.write(`${describe(problem)}\n`);
      const duels: Duel[] = [];
      await withFolder(async (folder) => {
        const file = join(folder, 'problem.safetensors');
        write(file, problem, options.seed);
        const request = { ...problem, problem: file, threads: options.threads };
        const duel = async (home: Contestant, guest: Contestant): Promise<Duel> => {
          const match = await play([home, guest], request, steps, options);
          const times = Object.entries(rows).map(([row, sum]) => [row, compare(match, sum, options)]);
          return {
            peer: guest.name,
            versions: match[1].prepared.versions,
            agreement: requireAgreement(match),
            times: Object.fromEntries(times),
          };
        };
        await withContestant(ours, async (home) => {
          for (const opponent of peers) {
            duels.push(await withContestant(opponent, (guest) => duel(home, guest)));
          }
        });
      });
      const table = `${describe(problem)}\n\n${tableOf(ours.name, duels)}`;
      yield { part, table, configuration: { ...options, problem }, results: duels };
    }
  },
});

/** Milliseconds: median (minimum–maximum); ratios: of the medians (median of those in one round). */
function tableOf(name: string, duels: readonly Duel[]): string {
  const head = ['peer', 'step', `${name}, ms`, 'peer, ms', 'ratio'];
  const rows = duels.flatMap(({ peer, times }) =>
    Object.entries(times).map(([step, { ours, theirs, ratio }]) => [
      peer,
      step,
      formatSummary(ours),
      formatSummary(theirs),
      formatRatio(ratio),
    ]),
  );
  const checks = duels.map(
    ({ peer, agreement: { parameters, first, later } }) =>
      `- ${peer}: ${parameters} parameters on either side; from the same weights the losses differ by ` +
      `${first.toExponential(0)}, over all later steps by at most ${later.toExponential(0)} (relative)`,
  );
  return [markdownTable(head, rows), '', 'The same mathematics:', '', ...checks].join('\n');
}
