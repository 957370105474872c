/** Peak resident memory of search iterations: each contestant in a process of its own, one after the other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contestant, withContestant } from './harness/contestant.ts';
import { readOptions } from './harness/options.ts';
import { requirePython } from './harness/python.ts';
import { searchContestants } from './harness/search-contestants.ts';
import { describeProblem, searchProblems, writeSearchProblem } from './harness/search-problem.ts';
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

const benchmark: Benchmark = {
  /** Options: --configuration canonical --rounds 3 (iterations) --threads 2 --seed 2 --python PATH. */
  run: async (args) => {
    const options = readOptions(args, {
      numbers: { rounds: 3, threads: 2, seed: 2 },
      configurations: { names: Object.keys(searchProblems), chosen: ['canonical'] },
      peers: true,
    });
    const contestants = searchContestants(requirePython(options.python, ['torch', 'numpy']));
    const results = [];
    for (const name of options.configurations) {
      const problem = searchProblems[name as keyof typeof searchProblems];
      const folder = mkdtempSync(join(tmpdir(), 'bench-'));
      const file = join(folder, 'problem.safetensors');
      const request = { ...problem, problem: file, threads: options.threads };
      try {
        writeSearchProblem(file, problem, options.seed);
        const peaks: Peaks[] = [];
        for (const launch of [contestants.ours, ...contestants.peers]) {
          peaks.push(
            await withContestant(launch, (contestant) => peaksOf(contestant, request, options.rounds)),
          );
        }
        results.push({ name, description: describeProblem(problem), peaks });
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
    const head = [
      'configuration',
      'contestant',
      'prepared, MiB',
      'one iteration, MiB',
      `${options.rounds} iterations, MiB`,
      '÷ onnx-nas',
    ];
    const rows = results.flatMap(({ description, peaks }) =>
      peaks.map(({ contestant, prepared, first, last }) => [
        description,
        contestant,
        ...[prepared, first, last].map(mebibytes),
        (first / (peaks[0] as Peaks).first).toFixed(2),
      ]),
    );
    return { table: markdownTable(head, rows), configuration: options, results };
  },
};

export default benchmark;
