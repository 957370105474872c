/** What a step of retraining is measured on: DARTS_V2's network, its initial state, a batch and its dropped paths. */
import type { ImageShape } from '../../src/data/index.ts';
import { ramp } from '../../src/nn/schedules.ts';
import { random } from '../../src/random.ts';
import { makeNetwork, type Network } from '../../src/retrain/network.ts';
import { type RetrainOptions, retrainDefaults } from '../../src/retrain/options.ts';
import { writeArrays } from '../../src/runs/safetensors.ts';
import { type CellGenotype, type DartsGenotype, dartsGenotype } from '../../src/search/genotype.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { pieces, randomBatch } from './arrays.ts';

export interface RetrainProblem {
  readonly image: ImageShape;
  readonly classes: number;
  readonly options: RetrainOptions;
  /** As the peers read it: for each node its edges, [operation, input]. */
  readonly genotype: Readonly<Record<'normal' | 'reduce', PlainCell>>;
}

interface PlainCell {
  readonly nodes: readonly (readonly (readonly [operation: string, input: number])[])[];
  readonly concat: readonly number[];
}

export const genotype: DartsGenotype = dartsGenotype(loadGenotype('darts_v2'));

const plain = ({ nodes, concat }: CellGenotype): PlainCell => ({
  nodes: nodes.map((edges) => edges.map(({ operation, input }) => [operation, input] as const)),
  concat,
});

export const retrainProblems = {
  canonical: {
    image: { channels: 3, height: 32, width: 32 },
    classes: 10,
    options: { ...retrainDefaults, channels: 16, cells: 8 },
    genotype: { normal: plain(genotype.normal), reduce: plain(genotype.reduce) },
  },
} as const satisfies Record<string, RetrainProblem>;

export const describeNetwork = ({ image, options }: RetrainProblem): string =>
  `DARTS_V2, C=${options.channels}, ${options.cells} cells, ${image.height}×${image.width}×${image.channels}`;

export const describeRetraining = (problem: RetrainProblem): string =>
  `${describeNetwork(problem)}, batch ${problem.options.batch}`;

export const networkOf = (
  { image, classes, options }: Omit<RetrainProblem, 'genotype'>,
  auxiliary: boolean,
): Network => {
  const { channels: imageChannels, height, width } = image;
  const { channels, cells } = options;
  return makeNetwork(genotype, { channels, cells, imageChannels, height, width, classes, auxiliary });
};

/**
 * Writes `parameter/<name>`, `statistic/<name>`, `trainImages`, `trainLabels`, and `pathMasks` [sites, N] of the
 * epoch in the middle.
 */
export function writeRetrainProblem(path: string, problem: RetrainProblem, seed: number): void {
  const { options, image, classes } = problem;
  const { parameters, statistics, dropSites } = networkOf(problem, true);
  const keep = 1 - ramp(options.dropPath, options.epochs / 2, options.epochs);
  const generator = random(seed, 'paths');
  const masks = Float32Array.from({ length: dropSites * options.batch }, () =>
    generator.uniform() < keep ? 1 / keep : 0,
  );
  const arrays = {
    ...pieces(parameters, 'parameter', parameters.initialize(random(seed, 'weights'))),
    ...pieces(statistics, 'statistic', statistics.initialize(random(seed, 'statistics'))),
    ...randomBatch('train', options.batch, image, classes, seed),
    pathMasks: { shape: [dropSites, options.batch], data: masks },
  };
  writeArrays(path, { arrays, metadata: {} });
}
