/** Latency of the exported DARTS_V2 network in onnxruntime: our file against the same network exported by PyTorch. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FailureError } from '../src/errors.ts';
import { inferenceGraph, modelBytes } from '../src/export/model.ts';
import { count } from '../src/kinds.ts';
import { dialectOpset } from '../src/onnx/operators.ts';
import { random } from '../src/random.ts';
import type { Weights } from '../src/retrain/weights.ts';
import { writeArrays } from '../src/runs/safetensors.ts';
import { formatGenotype } from '../src/search/genotype.ts';
import { version } from '../src/version.ts';
import type { Runs } from './contestants/inference.ts';
import { pieces } from './harness/arrays.ts';
import { type Contestant, ours, withContestant } from './harness/contestant.ts';
import { withFolder } from './harness/folder.ts';
import { nodeCount, type OperatorCounts } from './harness/operators.ts';
import { option, python as pythonOption, readOptions, usual } from './harness/options.ts';
import { peer, requirePython } from './harness/python.ts';
import { describeNetwork, genotype, networkOf, retrainProblems } from './harness/retrain-problem.ts';
import {
  formatRatio,
  formatSummary,
  markdownTable,
  type Ratio,
  ratio,
  type Sampled,
  sampled,
} from './harness/statistics.ts';
import type { Benchmark } from './run.ts';

const problem = retrainProblems.canonical;
const network = networkOf(problem, false);
/** Batch sizes; how often one is run in a turn, and the turns of each model in one process. */
const batches = [
  { batch: 1, runs: 10, turns: 40 },
  { batch: 32, runs: 2, turns: 30 },
];
/** CIFAR-10's. */
const normalization = {
  mean: [0.49139968, 0.48215827, 0.44653124],
  std: [0.24703233, 0.24348505, 0.26158768],
};
const [home, guest] = ['onnx-nas', 'PyTorch'] as const;
type Name = typeof home | typeof guest;
const contestant = ours('onnxruntime', 'inference.ts');
/** Output elements may differ by this much. */
const tolerance = 1e-4;

/** Random weights, and statistics that differ from channel to channel. */
function randomWeights(seed: number): Weights {
  const generator = random(seed, 'statistics');
  const statistics = network.statistics.initialize(generator);
  for (const { name, offset, size } of network.statistics.parameters) {
    const sample = (): number =>
      name.endsWith('variance') ? 0.5 + generator.uniform() : generator.normal() / 4;
    for (let i = offset; i < offset + size; i++) statistics[i] = sample();
  }
  return { theta: network.parameters.initialize(random(seed, 'weights')), statistics };
}

/** The file that `nas export` writes. */
function ourModel(weights: Weights): Uint8Array {
  const labels = Array.from({ length: problem.classes }, (_, i) => `class ${i}`);
  return modelBytes(inferenceGraph(network, weights, normalization, problem.image), {
    labels,
    image: problem.image,
    normalization,
    genotype: formatGenotype(genotype),
    dataset: 'none: random weights',
    accuracy: 0,
    version,
  });
}

interface Exported {
  readonly parameters: number;
  readonly opset: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** PyTorch's file of the same network with the same weights. */
async function exportPeer(file: string, folder: string, weights: Weights, python: string): Promise<Exported> {
  const arrays = join(folder, 'weights.safetensors');
  writeArrays(arrays, {
    arrays: {
      ...pieces(network.parameters, 'parameter', weights.theta),
      ...pieces(network.statistics, 'statistic', weights.statistics),
    },
    metadata: {},
  });
  const request = { ...problem, problem: arrays, normalization, file };
  return withContestant(peer(guest, python, 'export.py'), ({ ask }) => ask<Exported>('export', request));
}

interface Latency {
  readonly batch: number;
  /** The largest one of an output element. */
  readonly difference: number;
  /** Milliseconds. */
  readonly ours: Sampled;
  readonly theirs: Sampled;
  /** Of our time to theirs. */
  readonly ratio: Ratio;
}

/** All batch sizes in one process. */
async function oneRound(
  ask: Contestant['ask'],
  loading: { models: readonly object[]; threads: number; seed: number },
): Promise<Runs[]> {
  await ask('load', loading);
  const { channels, height, width } = problem.image;
  const results: Runs[] = [];
  for (const { batch, runs, turns } of batches) {
    const shape = [batch, channels, height, width];
    results.push(await ask<Runs>('run', { shape, runs, turns, seed: loading.seed }));
  }
  return results;
}

/** @throws FailureError where the files do not compute the same */
function latencyOf(batch: number, rounds: readonly Runs[]): Latency {
  const difference = Math.max(...rounds.map((runs) => runs.difference));
  if (!(difference <= tolerance)) {
    throw new FailureError(
      `at batch ${batch} the outputs of the two files differ by ${difference} (allowed ${tolerance})`,
    );
  }
  const samplesOf = (name: Name): number[] => rounds.flatMap(({ samples }) => samples[name] ?? []);
  const [ourTimes, peerTimes] = [samplesOf(home), samplesOf(guest)];
  return {
    batch,
    difference,
    ours: sampled(ourTimes),
    theirs: sampled(peerTimes),
    ratio: ratio(ourTimes, peerTimes),
  };
}

function tableOf(latencies: readonly Latency[], operators: Readonly<Record<Name, OperatorCounts>>): string {
  const head = ['batch', `${home}, ms`, `${guest}'s export, ms`, 'ratio', 'outputs differ by'];
  const rows = latencies.map(({ batch, ours: own, theirs, ratio: r, difference }) => [
    String(batch),
    formatSummary(own),
    formatSummary(theirs),
    formatRatio(r),
    difference.toExponential(0),
  ]);
  const title = "Nodes after onnxruntime's optimisation:";
  return [markdownTable(head, rows), title, operatorTable(operators)].join('\n\n');
}

function operatorTable(operators: Readonly<Record<Name, OperatorCounts>>): string {
  const [a, b] = [operators[home], operators[guest]];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const rows = names.map((name) => [name, String(a[name] ?? 0), String(b[name] ?? 0)]);
  const total = ['together', String(nodeCount(a)), String(nodeCount(b))];
  return markdownTable(['operator', home, guest], [...rows, total]);
}

const benchmark: Benchmark = {
  /** Options: --rounds 10 (processes) --threads 2 --seed 2 --python PATH. */
  async *run(args) {
    const options = readOptions(args, { ...usual, rounds: option(count, 10), python: pythonOption });
    const python = requirePython(options.python, ['torch', 'onnx', 'onnxscript']);
    const measured = await withFolder(async (folder) => {
      const models = [
        { name: home, file: join(folder, 'ours.onnx') },
        { name: guest, file: join(folder, 'peer.onnx') },
      ] as const;
      const weights = randomWeights(options.seed);
      writeFileSync(models[0].file, ourModel(weights));
      const exported = await exportPeer(models[1].file, folder, weights, python);
      const operators = await withContestant(contestant, ({ ask }) =>
        ask<Record<Name, OperatorCounts>>('operators', { ...options, models }),
      );
      const rounds: Runs[][] = [];
      for (let round = 1; round <= options.rounds; round++) {
        // The session that is created first changes, too.
        const loading = { ...options, models: round % 2 === 0 ? models : models.toReversed() };
        rounds.push(await withContestant(contestant, ({ ask }) => oneRound(ask, loading)));
        process.stderr.write(`process ${round}/${options.rounds}\n`);
      }
      return { exported, operators, rounds };
    });
    const { rounds, exported, operators } = measured;
    const latencies = batches.map(({ batch }, i) =>
      latencyOf(
        batch,
        rounds.map((runs) => runs[i] as Runs),
      ),
    );
    yield {
      table: tableOf(latencies, operators),
      configuration: { ...options, network: describeNetwork(problem), opset: dialectOpset, batches },
      results: { exported, operators, latencies },
    };
  },
};

export default benchmark;
