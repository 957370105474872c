/** The models that the servers are compared on: the shipped one, and DARTS_V2 as it begins, exported by our own export. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageShape } from '../../src/data/index.ts';
import { inferenceGraph, modelBytes } from '../../src/export/model.ts';
import { random } from '../../src/random.ts';
import { makeNetwork } from '../../src/retrain/network.ts';
import { formatGenotype } from '../../src/search/genotype.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { version } from '../../src/version.ts';

export interface BenchModel {
  readonly name: string;
  /** A repository that holds this model alone. */
  readonly folder: string;
  readonly path: string;
  readonly shape: ImageShape;
  readonly description: string;
}

const shipped = fileURLToPath(new URL('../../models/fashion-mnist/1', import.meta.url));

/** DARTS_V2 with C=16, 8 cells, 10 classes for 32×32 colour images; random weights. */
export function dartsBytes(): Uint8Array {
  const shape = { channels: 3, height: 32, width: 32 };
  const genotype = loadGenotype('darts_v2');
  const skeleton = { imageChannels: 3, channels: 16, cells: 8 };
  const network = makeNetwork(genotype, {
    ...skeleton,
    classes: 10,
    height: 32,
    width: 32,
    auxiliary: false,
  });
  const generator = random(2, 'bench');
  const weights = {
    theta: network.parameters.initialize(generator),
    statistics: network.statistics.initialize(generator),
  };
  const normalization = { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };
  return modelBytes(inferenceGraph(network, weights, normalization, shape), {
    labels: Array.from({ length: 10 }, (_, i) => `class ${i}`),
    image: shape,
    normalization,
    genotype: formatGenotype(genotype),
    dataset: 'none: random weights',
    accuracy: 0.1,
    version,
  });
}

const descriptions = {
  'fashion-mnist': {
    shape: { channels: 1, height: 28, width: 28 },
    description: 'fashion-mnist, the shipped model (23.5 M multiply–accumulates, 28×28×1)',
  },
  'darts-v2': {
    shape: { channels: 3, height: 32, width: 32 },
    description: 'DARTS_V2 with C=16, 8 cells (32×32×3)',
  },
} as const;

export const benchModelNames = Object.keys(descriptions) as (keyof typeof descriptions)[];

/** The models, each in a repository of its own below the folder `root`. */
export function writeModels(root: string, names: readonly string[] = benchModelNames): BenchModel[] {
  const models = benchModelNames
    .filter((name) => names.includes(name))
    .map((name): BenchModel => {
      const folder = join(root, name);
      return { name, folder, path: join(folder, name, '1', 'model.onnx'), ...descriptions[name] };
    });
  for (const { name, path } of models) {
    mkdirSync(dirname(path), { recursive: true });
    if (name === 'fashion-mnist') cpSync(shipped, dirname(path), { recursive: true });
    else writeFileSync(path, dartsBytes());
  }
  return models;
}
