/** The trained network that a run's folder holds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, Normalization } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Network } from '../retrain/network.ts';
import { networkFor } from '../retrain/retrain.ts';
import { readWeights, type Weights } from '../retrain/weights.ts';
import { readConfig } from '../runs/run-folder.ts';
import type { Genotype } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import type { RetrainRunOptions } from './commands/retrain.ts';
import { requireRetrained } from './places.ts';

export interface Trained {
  readonly options: RetrainRunOptions;
  readonly genotype: Genotype;
  readonly genotypeText: string;
  readonly dataset: Pick<Dataset, 'name' | 'classes' | 'shape'>;
  readonly network: Network;
  readonly weights: Weights;
  readonly normalization: Normalization;
  /** Test accuracy in [0, 1] of these weights, as measured when they were saved. */
  readonly accuracy: number;
}

type TrainedConfig = Pick<Trained, 'options' | 'dataset'> & { readonly genotype: string };

/** @throws InputError where the run holds no such weights */
export function openTrained(run: string, which: 'best' | 'last'): Trained {
  const folder = requireRetrained(run);
  const config = readConfig<TrainedConfig>(folder);
  const genotype = parseGenotype(config.genotype, join(folder, 'config.json'));
  // The auxiliary head serves training only.
  const network = networkFor(genotype, config.dataset, { ...config.options, auxiliaryWeight: 0 });
  const file = join(folder, `${which}.safetensors`);
  if (!existsSync(file)) {
    throw new InputError(`${file} is missing: the retraining has not finished; continue it with --resume`);
  }
  const { metadata, ...weights } = readWeights(file, network);
  return {
    ...config,
    genotype,
    genotypeText: config.genotype,
    network,
    weights,
    normalization: JSON.parse(metadata.normalization ?? 'null') as Normalization,
    accuracy: JSON.parse(metadata.accuracy ?? 'null') as number,
  };
}
