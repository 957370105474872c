/** How long the two steps of a search take to compile, by phase, in a new process each round; nodes by operator. */

import { count } from '../src/kinds.ts';
import type { Compilation } from './contestants/compile.ts';
import { ours, withContestant } from './harness/contestant.ts';
import { nodeCount, type OperatorCounts } from './harness/operators.ts';
import { option, readOptions, someOf, usual } from './harness/options.ts';
import {
  describeProblem,
  type SearchProblem,
  searchProblemNames,
  searchProblems,
} from './harness/search-problem.ts';
import { formatSummary, markdownTable, type Sampled, sampled } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

type StepName = keyof Compilation['operators'];

const launch = ours('onnx-nas', 'compile.ts');

/** Milliseconds by phase, in their order. */
function timesOf(rounds: readonly Compilation[]): Readonly<Record<string, Sampled>> {
  const phases = rounds.map(({ milliseconds }) => ({
    ...milliseconds,
    together: Object.values(milliseconds).reduce((a, b) => a + b),
  }));
  const names = Object.keys(phases[0] ?? {}) as (keyof (typeof phases)[0])[];
  return Object.fromEntries(names.map((name) => [name, sampled(phases.map((round) => round[name]))]));
}

/** The operators of either graph, those of the larger one first; what is rare is one row. */
function operatorTable(counts: Readonly<Record<StepName, OperatorCounts>>): string {
  const rare = 100;
  const rows = Object.entries(counts.weights).map(
    ([name, count]) => [name, counts.alpha[name] ?? 0, count] as const,
  );
  const frequent = rows.filter(([, , count]) => count >= rare);
  const shown = (column: 1 | 2): number => frequent.reduce((sum, row) => sum + row[column], 0);
  const total = [nodeCount(counts.alpha), nodeCount(counts.weights)] as const;
  const all = [...frequent, ['others', total[0] - shown(1), total[1] - shown(2)], ['together', ...total]];
  return markdownTable(
    ['operator', 'α', 'weights'],
    all.map((row) => row.map(String)),
  );
}

interface Result {
  readonly times: Readonly<Record<string, Sampled>>;
  readonly nodes: Readonly<Record<StepName, number>>;
  readonly bytes: number;
  readonly operators: Readonly<Record<StepName, OperatorCounts>>;
}

/** Compiles once a process. */
async function measure(problem: SearchProblem, threads: number, count: number): Promise<Result> {
  const request = { ...problem, threads };
  const rounds: Compilation[] = [];
  for (let round = 1; round <= count; round++) {
    rounds.push(await withContestant(launch, ({ ask }) => ask<Compilation>('compile', request)));
    process.stderr.write(`round ${round}/${count}\n`);
  }
  const [{ operators, bytes }] = rounds as [Compilation];
  return {
    times: timesOf(rounds),
    nodes: { alpha: nodeCount(operators.alpha), weights: nodeCount(operators.weights) },
    bytes,
    operators,
  };
}

function tablesOf({ times, operators }: Result): string[] {
  const rows = Object.entries(times).map(([name, samples]) => [name, formatSummary(samples)]);
  return [markdownTable(['phase', 'ms'], rows), 'Nodes by operator:', operatorTable(operators)];
}

const benchmark: Benchmark = {
  /** Options: --configuration canonical --rounds 5 --threads 2. */
  async *run(args) {
    const options = readOptions(args, {
      configuration: someOf(searchProblemNames, ['canonical']),
      rounds: option(count, 5),
      threads: usual.threads,
    });
    for (const part of options.configuration) {
      const problem = searchProblems[part];
      const results = await measure(problem, options.threads, options.rounds);
      const table = [describeProblem(problem), ...tablesOf(results)].join('\n\n');
      yield { part, table, configuration: { ...options, problem }, results };
    }
  },
};

export default benchmark;
