/** How long the two steps of a search take to compile, by phase, in a new process each round; nodes by operator. */
import type { Phases, StepName } from './contestants/compile.ts';
import { ours, withContestant } from './harness/contestant.ts';
import { nodeCount, type OperatorCounts } from './harness/operators.ts';
import { readOptions } from './harness/options.ts';
import { describeProblem, searchProblems } from './harness/search-problem.ts';
import { formatSummary, markdownTable, type Sampled, sampled } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

type Compiled = Readonly<Record<StepName, Phases>>;

const phaseNames = ['trace', 'passes', 'serialisation', 'session'] as const;
const stepNames: readonly StepName[] = ['alpha', 'theta'];
const launch = ours('onnx-nas', 'compile.ts');

type Samples = Readonly<Record<string, Sampled>>;

/** Milliseconds by phase, of some steps together. */
function samplesOf(rounds: readonly Compiled[], steps: readonly StepName[]): Samples {
  const of = (phases: readonly (typeof phaseNames)[number][]) => {
    const samples = rounds.map((compiled) =>
      steps.flatMap((step) => phases.map((phase) => compiled[step][phase])).reduce((a, b) => a + b, 0),
    );
    return sampled(samples);
  };
  return {
    ...Object.fromEntries(phaseNames.map((phase) => [phase, of([phase])])),
    together: of(phaseNames),
  };
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

const benchmark: Benchmark = {
  /** Options: --configuration canonical --rounds 5 --threads 2. */
  run: async (args) => {
    const options = readOptions(args, {
      numbers: { rounds: 5, threads: 2 },
      configurations: { names: Object.keys(searchProblems), chosen: ['canonical'] },
    });
    const results = [];
    const tables: string[] = [];
    for (const name of options.configurations) {
      const problem = searchProblems[name as keyof typeof searchProblems];
      const request = { ...problem, threads: options.threads };
      process.stderr.write(`${name}: is this what the engine does?\n`);
      await withContestant(launch, ({ ask }) => ask('check', request));
      const rounds: Compiled[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        rounds.push(await withContestant(launch, ({ ask }) => ask<Compiled>('compile', request)));
        process.stderr.write(`round ${round}/${options.rounds}\n`);
      }
      const times = {
        alpha: samplesOf(rounds, ['alpha']),
        theta: samplesOf(rounds, ['theta']),
        'alpha and theta': samplesOf(rounds, stepNames),
      };
      const [{ alpha, theta }] = rounds as [Compiled];
      const operators = { alpha: alpha.operators, theta: theta.operators };
      const nodes = { alpha: nodeCount(alpha.operators), theta: nodeCount(theta.operators) };
      results.push({
        name,
        description: describeProblem(problem),
        times,
        nodes,
        bytes: { alpha: alpha.bytes, theta: theta.bytes },
        operators,
      });
      const rows = Object.entries(times).map(([step, phases]) => [
        step,
        ...Object.values(phases).map(formatSummary),
      ]);
      const head = ['step', ...phaseNames.map((phase) => `${phase}, ms`), 'together, ms'];
      tables.push(describeProblem(problem), markdownTable(head, rows), operatorTable(operators));
    }
    return { table: tables.join('\n\n'), configuration: options, results };
  },
};

export default benchmark;
