/** Minutes of mixed, broken, abandoned and oversized requests against `nas serve`; exit code 1 where anything is amiss. */
import { amount, count, nonNegative } from '../src/kinds.ts';
import { option, readOptions } from './harness/options.ts';
import { markdownTable } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';
import { type SoakReport, soak } from './soak/run.ts';

/** As README has it for servers: with glibc's default each thread keeps an arena of its own, and what crumbles in them. */
const environment = { MALLOC_ARENA_MAX: '2' };

const options = {
  minutes: option(nonNegative, 10),
  connections: option(count, 16),
  kills: option(amount, 3),
  /** Seconds between reloads. */
  reload: option(nonNegative, 2),
  seed: option(amount, 1),
};

const benchmark: Benchmark = {
  /** Options: --minutes 10 --connections 16 --kills 3 --reload 2 (seconds between reloads) --seed 1. */
  async *run(args) {
    const { minutes, connections, kills, reload, seed } = readOptions(args, options);
    const configuration = {
      seconds: 60 * minutes,
      connections,
      kills,
      reloadSeconds: reload,
      seed,
      environment,
      growthLimit: 0.05,
      healthLimit: 100,
    };
    const report = await soak({
      ...configuration,
      say: (line) => process.stderr.write(`${line}\n`),
    });
    if (report.problems.length > 0) process.exitCode = 1;
    yield { table: tableOf(report), configuration, results: report };
  },
};

export default benchmark;

function tableOf({ done, reloads, kills, memory, health, drain, problems }: SoakReport): string {
  const rows = Object.entries(done).sort(([, a], [, b]) => b - a);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const failed = kills.map((kill) => kill.failed).join(', ');
  return [
    markdownTable(
      ['request', 'answered as it must be'],
      [...rows.map(([name, count]) => [name, String(count)]), ['all', String(total)]],
    ),
    `Reloads: ${reloads}. Workers killed: ${kills.length}; requests that failed with them: ${failed || 'none'}.`,
    `Memory after the warm-up: ${memory.start.toFixed(0)} → ${memory.end.toFixed(0)} MB, ` +
      `slope ${memory.slope.toFixed(2)} MB a minute between crashes, which left ` +
      `${memory.crashes.map((left) => left.toFixed(0)).join(', ') || 'nothing'} MB behind.`,
    `Health answered in ${health.p50.toFixed(1)} ms (p50), ${health.p99.toFixed(1)} ms (p99), ${health.max.toFixed(1)} ms (most).`,
    `SIGTERM with ${drain.inFlight} requests in flight: ${drain.answered} answered, ` +
      `exit code ${drain.exitCode} after ${drain.seconds.toFixed(2)} s.`,
    problems.length === 0
      ? 'No problems.'
      : ['Problems:', ...problems.map((problem) => `- ${problem}`)].join('\n'),
  ].join('\n\n');
}
