/**
 * Where the time of a search step goes, by operator and by operator and shapes, and how far it is from what the machine
 * can do: the time that its arithmetic takes at the speed of a matrix product, and the time that its nodes take if each is
 * bound by its arithmetic or its memory, whichever takes longer.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Feeds } from '../src/engine/engine.ts';
import { onnxruntimeEngine } from '../src/engine/onnxruntime.ts';
import { count } from '../src/kinds.ts';
import { random } from '../src/random.ts';
import { alphaStep, weightStep } from '../src/search/steps.ts';
import type { Step } from '../src/signature.ts';
import { withFolder } from './harness/folder.ts';
import { lastRun, type NodeTime, type ProfiledRun } from './harness/node-times.ts';
import { option, readOptions, someOf, usual } from './harness/options.ts';
import { measureRoofline, type Roofline } from './harness/roofline.ts';
import {
  describeProblem,
  type SearchProblem,
  searchProblemNames,
  searchProblems,
  supernetOf,
} from './harness/search-problem.ts';
import { markdownTable } from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

/** Numbers of the kinds and shapes that a step takes: what they are does not change how long it takes. */
function anyFeeds({ signature }: Step, theta: Float32Array, classes: number): Feeds {
  const generator = random(1, 'profile');
  return Object.fromEntries(
    Object.entries(signature).map(([name, { shape, dtype }]) => {
      const count = (shape as number[]).reduce((a, b) => a * b, 1);
      if (name === 'theta') return [name, theta];
      if (dtype === 'int32')
        return [name, Int32Array.from({ length: count }, () => generator.integer(classes))];
      return [name, Float32Array.from({ length: count }, () => generator.uniform())];
    }),
  );
}

/** The profile of the last of some runs: the first ones wait for memory. */
const profiled = (step: Step, theta: Float32Array, classes: number, rounds: number, threads: number) =>
  withFolder(async (folder): Promise<ProfiledRun> => {
    const engine = await onnxruntimeEngine({ threads, profile: join(folder, 'profile') });
    const compiled = await engine.compile(step.fn, step.signature, 'profiled');
    const feeds = anyFeeds(step, theta, classes);
    for (let round = 0; round < rounds; round++) await compiled.run(feeds);
    await compiled.dispose();
    return lastRun(join(folder, readdirSync(folder)[0] as string));
  });

interface Share {
  readonly name: string;
  readonly nodes: number;
  readonly milliseconds: number;
}

function sharesBy(nodes: readonly NodeTime[], nameOf: (node: NodeTime) => string): Share[] {
  const shares = new Map<string, { nodes: number; milliseconds: number }>();
  for (const node of nodes) {
    const share = shares.get(nameOf(node)) ?? { nodes: 0, milliseconds: 0 };
    share.nodes += 1;
    share.milliseconds += node.milliseconds;
    shares.set(nameOf(node), share);
  }
  return [...shares]
    .map(([name, share]) => ({ name, ...share }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Milliseconds. */
function floors(nodes: readonly NodeTime[], { flops, bandwidth }: Roofline) {
  const total = (cost: (node: NodeTime) => number): number =>
    1000 * nodes.reduce((sum, node) => sum + cost(node), 0);
  return {
    arithmetic: total((node) => node.flops / flops),
    roofline: total((node) => Math.max(node.flops / flops, node.bytes / bandwidth)),
  };
}

const shown = 12;

const shareTable = (what: string, shares: readonly Share[]): string =>
  markdownTable(
    [what, 'nodes', 'ms'],
    shares
      .slice(0, shown)
      .map(({ name, nodes, milliseconds }) => [name, String(nodes), milliseconds.toFixed(1)]),
  );

async function profileStep(
  name: string,
  step: Step,
  problem: SearchProblem,
  roofline: Roofline,
  rounds: number,
  threads: number,
) {
  const theta = supernetOf(problem).parameters.initialize(random(problem.options.seed, 'weights'));
  const { milliseconds, nodes } = await profiled(step, theta, problem.classes, rounds, threads);
  const byOperator = sharesBy(nodes, ({ operator }) => operator);
  const byShape = sharesBy(nodes, ({ operator, shapes }) => `${operator} ${shapes}`);
  const floor = floors(nodes, roofline);
  const table = [
    `**${name}**, ${describeProblem(problem)}: ${milliseconds.toFixed(0)} ms with the profiler on, ${nodes.length} nodes.`,
    `Floor: ${floor.arithmetic.toFixed(0)} ms of arithmetic, ${floor.roofline.toFixed(0)} ms with memory; ` +
      `the step takes ${(milliseconds / floor.roofline).toFixed(1)} times that.`,
    shareTable('operator', byOperator),
    shareTable('operator and shapes', byShape),
  ].join('\n\n');
  return {
    table,
    results: { milliseconds, nodes: nodes.length, floor, byOperator, byShape: byShape.slice(0, 60) },
  };
}

const benchmark: Benchmark = {
  /** Options: --configuration canonical --rounds 5 --threads 2. */
  async *run(args) {
    const { configuration, rounds, threads } = readOptions(args, {
      configuration: someOf(searchProblemNames, ['canonical']),
      rounds: option(count, 5),
      threads: usual.threads,
    });
    const roofline = await measureRoofline(threads);
    const machine =
      `This machine with ${threads} threads: ${(roofline.flops / 1e9).toFixed(0)} GFLOP/s of a matrix product, ` +
      `${(roofline.bandwidth / 1e9).toFixed(0)} GB/s over images of 4 MB.`;
    for (const part of configuration) {
      const problem = searchProblems[part];
      const { options, image } = problem;
      const supernet = supernetOf(problem);
      const steps = {
        α: alphaStep(supernet, options, image),
        θ: weightStep(supernet, options, image),
      };
      const tables = [machine];
      const results: Record<string, unknown> = { roofline };
      for (const [name, step] of Object.entries(steps)) {
        const profile = await profileStep(name, step, problem, roofline, rounds, threads);
        tables.push(profile.table);
        results[name] = profile.results;
      }
      yield { part, table: tables.join('\n\n'), configuration: { rounds, threads, problem }, results };
    }
  },
};

export default benchmark;
