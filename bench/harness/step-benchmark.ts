/** A benchmark of training steps: ours against peers, over some configurations. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from '../run.ts';
import { type Launch, withContestants } from './contestant.ts';
import { stepOptions } from './options.ts';
import { requirePython } from './python.ts';
import { type Comparison, compare, measure, type Rounds, requireAgreement } from './rounds.ts';
import { formatRatio, formatSummary, markdownTable } from './statistics.ts';

export interface StepBenchmark<Name extends string, Problem extends object> {
  readonly problems: Readonly<Record<Name, Problem>>;
  readonly describe: (problem: Problem) => string;
  /** Writes what all contestants begin with to a file. */
  readonly write: (path: string, problem: Problem, seed: number) => void;
  readonly contestants: (python: string) => readonly Launch[];
  /** The commands that are timed, and the rows of the table: each a sum of them. */
  readonly steps: readonly string[];
  readonly rows: Readonly<Record<string, readonly string[]>>;
  readonly defaults: Rounds;
}

export const stepBenchmark = <Name extends string, Problem extends object>({
  problems,
  describe,
  write,
  contestants,
  steps,
  rows,
  defaults,
}: StepBenchmark<Name, Problem>): Benchmark => ({
  run: async (args) => {
    const options = stepOptions(args, Object.keys(problems) as Name[], defaults);
    const { configurations, python: wanted, threads, seed } = options;
    const python = requirePython(wanted, ['torch', 'numpy']);

    const results = [];
    for (const name of configurations) {
      const problem = problems[name];
      process.stderr.write(`${name}: ${describe(problem)}\n`);
      const folder = mkdtempSync(join(tmpdir(), 'bench-'));
      const file = join(folder, 'problem.safetensors');
      try {
        write(file, problem, seed);
        const request = { ...problem, problem: file, threads };
        const measured = await withContestants(contestants(python), (all) =>
          measure(all, request, steps, options),
        );
        const agreement = requireAgreement(measured);
        const times = Object.fromEntries(
          Object.entries(rows).map(([row, sum]) => [row, compare(measured, sum, options)]),
        );
        const versions = Object.assign(
          {},
          ...[...measured.values()].map(({ prepared }) => prepared.versions),
        );
        results.push({ name, description: describe(problem), versions, agreement, times });
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
    const configuration = { problems: configurations.map((name) => problems[name]), ...options };
    return { table: tableOf(results), configuration, results };
  },
});

interface Result {
  readonly name: string;
  readonly description: string;
  readonly agreement: ReturnType<typeof requireAgreement>;
  readonly times: Readonly<Record<string, Comparison>>;
}

/** Milliseconds: median (minimum–maximum); ratios: of the medians (median of those in one round). */
function tableOf(results: readonly Result[]): string {
  const [first] = results.flatMap(({ times }) => Object.values(times));
  const [names, peers] = [Object.keys(first?.summaries ?? {}), Object.keys(first?.ratios ?? {})];
  const head = [
    'configuration',
    'step',
    ...names.map((name) => `${name}, ms`),
    ...peers.map((name) => `${name} ÷ ${names[0]}`),
  ];
  const rows = results.flatMap(({ description, times }) =>
    Object.entries(times).map(([step, { summaries, ratios }]) => [
      description,
      step,
      ...Object.values(summaries).map(formatSummary),
      ...Object.values(ratios).map(formatRatio),
    ]),
  );
  const checks = results.flatMap(({ name, agreement }) =>
    Object.entries(agreement).map(
      ([peer, { parameters, first: at, later }]) =>
        `${name}: ${peer} has ${parameters} parameters as we have; from the same weights its losses differ by at most ` +
        `${at.toExponential(1)}, in all later steps ${later.toExponential(1)} (relative)`,
    ),
  );
  return [markdownTable(head, rows), '', ...checks].join('\n');
}
