/** What is measured on a GPU: a search iteration, a step of retraining, inference at three batch sizes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferenceGraph, modelBytes } from '../../src/export/model.ts';
import type { Precision } from '../../src/precision.ts';
import { random } from '../../src/random.ts';
import { writeArrays } from '../../src/runs/safetensors.ts';
import { formatGenotype } from '../../src/search/genotype.ts';
import { version } from '../../src/version.ts';
import { pieces, randomBatch } from '../harness/arrays.ts';
import {
  describeRetraining,
  genotype,
  networkOf,
  type RetrainProblem,
  retrainProblems,
  writeRetrainProblem,
} from '../harness/retrain-problem.ts';
import { describeProblem, searchProblems, writeSearchProblem } from '../harness/search-problem.ts';
import type { GpuOptions, Part } from './options.ts';

/** One thing that ours and the peers do: a contestant's file and a peer's, and what they begin with. */
export interface Task {
  /** The part of the report that it belongs to. */
  readonly part: Part;
  readonly title: string;
  readonly contestant: string;
  readonly peer: string;
  /** The rows of the table: each a sum of steps. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** An exported network computes in the precision of its file. */
  readonly precisions: readonly Precision[];
  /** Writes files to a folder; what both sides are asked with. */
  prepare(folder: string, precision: Precision): object;
}

/** The numbers that are given, and not 0, in place of the problem's. */
const resized = <T extends object>(options: T, { channels, cells, batch }: GpuOptions): T => {
  const given = Object.entries({ channels, cells, batch }).filter(([, number]) => number > 0);
  return { ...options, ...Object.fromEntries(given) };
};

const both: readonly Precision[] = ['float32', 'float16'];

function searchTask(options: GpuOptions): Task {
  const problem = {
    ...searchProblems.canonical,
    options: resized(searchProblems.canonical.options, options),
  };
  return {
    part: 'search',
    title: `search: ${describeProblem(problem)}`,
    contestant: 'search-step.ts',
    peer: 'search_step.py',
    rows: { α: ['alpha'], θ: ['theta'], iteration: ['alpha', 'theta'] },
    precisions: both,
    prepare: (folder, precision) => {
      const file = join(folder, 'search.safetensors');
      writeSearchProblem(file, problem, options.seed);
      return { ...problem, options: { ...problem.options, precision }, problem: file };
    },
  };
}

const retrainProblemFor = (options: GpuOptions): RetrainProblem => ({
  ...retrainProblems.canonical,
  options: resized(retrainProblems.canonical.options, options),
});

function retrainTask(options: GpuOptions): Task {
  const problem = retrainProblemFor(options);
  return {
    part: 'retrain',
    title: `retraining: ${describeRetraining(problem)}`,
    contestant: 'retrain-step.ts',
    peer: 'retrain_step.py',
    rows: { step: ['step'] },
    precisions: both,
    prepare: (folder, precision) => {
      const file = join(folder, 'retrain.safetensors');
      writeRetrainProblem(file, problem, options.seed);
      return { ...problem, options: { ...problem.options, precision }, problem: file };
    },
  };
}

const batches = [1, 32, 256];
const asItIs = { mean: [0, 0, 0], std: [1, 1, 1] };

function inferenceTask(options: GpuOptions, batch: number): Task {
  const canonical = retrainProblemFor(options);
  const problem = { ...canonical, options: { ...canonical.options, batch } };
  return {
    part: 'inference',
    title: `inference: ${describeRetraining(problem)}`,
    contestant: 'inference-step.ts',
    peer: 'inference_step.py',
    rows: { run: ['step'] },
    precisions: ['float32'],
    prepare: (folder) => {
      const network = networkOf(problem, false);
      const weights = {
        theta: network.parameters.initialize(random(options.seed, 'weights')),
        statistics: network.statistics.initialize(random(options.seed, 'statistics')),
      };
      const labels = Array.from({ length: problem.classes }, (_, i) => `class ${i}`);
      const about = {
        labels,
        image: problem.image,
        normalization: asItIs,
        dataset: 'none',
        accuracy: 0,
        version,
      };
      const model = join(folder, 'model.onnx');
      const graph = inferenceGraph(network, weights, asItIs, problem.image);
      writeFileSync(model, modelBytes(graph, { ...about, genotype: formatGenotype(genotype) }));
      const file = join(folder, 'inference.safetensors');
      const arrays = {
        ...pieces(network.parameters, 'parameter', weights.theta),
        ...pieces(network.statistics, 'statistic', weights.statistics),
        ...randomBatch('train', batch, problem.image, problem.classes, options.seed),
      };
      writeArrays(file, { arrays, metadata: {} });
      return { ...problem, model, problem: file, parameters: network.parameters.size };
    },
  };
}

export const tasksFor = (options: GpuOptions): readonly Task[] => [
  searchTask(options),
  retrainTask(options),
  ...batches.map((batch) => inferenceTask(options, batch)),
];
