/** How long the two steps of a search take to compile, by phase, in a new process each round; nodes by operator. */
import type { Phases, StepName } from './contestants/compile.ts';
import { ours, withContestant } from './harness/contestant.ts';
import { nodeCount, type OperatorCounts } from './harness/operators.ts';
import { readOptions } from './harness/options.ts';
import {
  describeProblem,
  type SearchProblem,
  searchProblemNames,
  searchProblems,
} from './harness/search-problem.ts';
import { formatSummary, markdownTable, type Sampled, sampled } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

const stepNames: readonly StepName[] = ['alpha', 'theta'];
const launch = ours('onnx-nas', 'compile.ts');

/** What a user waits for, in order; milliseconds of a round. */
const phases: Readonly<Record<string, (round: Phases) => number>> = {
  'trace of α': ({ steps }) => steps.alpha.trace,
  'passes of α': ({ steps }) => steps.alpha.passes,
  'trace of θ': ({ steps }) => steps.theta.trace,
  'passes of θ': ({ steps }) => steps.theta.passes,
  serialisation: ({ serialisation }) => serialisation,
  session: ({ session }) => session,
};

/** Milliseconds by phase. */
function timesOf(rounds: readonly Phases[]): Readonly<Record<string, Sampled>> {
  const all = (round: Phases): number => Object.values(phases).reduce((sum, of) => sum + of(round), 0);
  return Object.fromEntries(
    Object.entries({ ...phases, together: all }).map(([name, of]) => [name, sampled(rounds.map(of))]),
  );
}

/** The operators of either graph, those of the larger one first; what is rare is one row. */
function operatorTable(counts: Readonly<Record<StepName, OperatorCounts>>): string {
  const rare = 100;
  const rows = Object.entries(counts.theta).map(
    ([name, count]) => [name, counts.alpha[name] ?? 0, count] as const,
  );
  const frequent = rows.filter(([, , count]) => count >= rare);
  const shown = (column: 1 | 2): number => frequent.reduce((sum, row) => sum + row[column], 0);
  const total = stepNames.map((step) => nodeCount(counts[step])) as [number, number];
  const all = [...frequent, ['others', total[0] - shown(1), total[1] - shown(2)], ['together', ...total]];
  return markdownTable(
    ['operator', 'α', 'θ'],
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
  process.stderr.write('is this what the engine does?\n');
  await withContestant(launch, ({ ask }) => ask('check', request));
  const rounds: Phases[] = [];
  for (let round = 1; round <= count; round++) {
    rounds.push(await withContestant(launch, ({ ask }) => ask<Phases>('compile', request)));
    process.stderr.write(`round ${round}/${count}\n`);
  }
  const [{ operators, bytes }] = rounds as [Phases];
  return {
    times: timesOf(rounds),
    nodes: { alpha: nodeCount(operators.alpha), theta: nodeCount(operators.theta) },
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
      numbers: { rounds: 5, threads: 2 },
      configurations: { names: searchProblemNames, chosen: ['canonical'] },
    });
    for (const part of options.configurations) {
      const problem = searchProblems[part];
      const results = await measure(problem, options.threads, options.rounds);
      const table = [describeProblem(problem), ...tablesOf(results)].join('\n\n');
      yield { part, table, configuration: { ...options, problem }, results };
    }
  },
};

export default benchmark;
