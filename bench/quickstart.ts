/** The quickstart as a user runs it: test accuracy, wall time and peak memory, for several seeds. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolder } from './harness/folder.ts';
import type { Benchmark } from './run.ts';

const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

interface Result {
  readonly seed: number;
  readonly accuracy: number;
  readonly parameters: number;
  readonly macs: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
}

const quickstart = (seed: number): Promise<Result> =>
  withFolder(async (folder) => {
    const out = join(folder, 'run');
    const options = ['quickstart', '--seed', String(seed), '--out', out, '--json'];
    const { status, stdout } = spawnSync(process.execPath, [command, ...options], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`the quickstart with seed ${seed} ended with ${status}`);
    const { accuracy, parameters, macs, seconds, peakMegabytes } = JSON.parse(stdout) as Result;
    return { seed, accuracy, parameters, macs, seconds, peakMegabytes };
  });

const benchmark: Benchmark = {
  /** Options: the seeds; default 2 3 4. */
  async *run(options) {
    const seeds = options.length > 0 ? options.map(Number) : [2, 3, 4];
    const results: Result[] = [];
    for (const seed of seeds) results.push(await quickstart(seed));
    const rows = results.map(
      ({ seed, accuracy, seconds, peakMegabytes, parameters }) =>
        `| ${seed} | ${(100 * accuracy).toFixed(2)} % | ${seconds} s | ${peakMegabytes} MB | ${parameters} |`,
    );
    const head = ['| seed | test accuracy | wall time | peak memory | parameters |', '|---|---|---|---|---|'];
    yield { table: [...head, ...rows].join('\n'), configuration: { seeds }, results };
  },
};

export default benchmark;
