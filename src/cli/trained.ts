/** The trained network that a run's folder holds. */
import { existsSync } from 'node:fs';
import type { Normalization } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Network } from '../retrain/network.ts';
import { networkFor } from '../retrain/retrain.ts';
import { readWeights, type Weights } from '../retrain/weights.ts';
import type { DatasetForm } from '../runs/config-fields.ts';
import { configFile, weightsFile } from '../runs/layout.ts';
import type { Genotype } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import { requireRetrained } from './places.ts';
import { readRetrainConfig } from './run-config.ts';
import type { RetrainRunOptions } from './run-options.ts';

export interface Trained {
  /** Of the retraining. */
  readonly folder: string;
  readonly options: RetrainRunOptions;
  readonly genotype: Genotype;
  readonly genotypeText: string;
  readonly dataset: DatasetForm;
  readonly network: Network;
  readonly weights: Weights;
  readonly normalization: Normalization;
  /** Test accuracy in [0, 1] of these weights, as measured when they were saved. */
  readonly accuracy: number;
}

/** @throws InputError where the run holds no such weights */
export function openTrained(run: string, which: 'best' | 'last'): Trained {
  const folder = requireRetrained(run);
  const { options, genotype: genotypeText, dataset } = readRetrainConfig(folder);
  const genotype = parseGenotype(genotypeText, configFile(folder));
  // The auxiliary head serves training only.
  const network = networkFor(genotype, dataset, { ...options, auxiliaryWeight: 0 });
  const file = weightsFile(folder, which);
  if (!existsSync(file)) {
    throw new InputError(`${file} is missing: the retraining has not finished; continue it with --resume`);
  }
  const { metadata, ...weights } = readWeights(file, network);
  const { normalization, accuracy } = metadata;
  return {
    folder,
    options,
    genotype,
    genotypeText,
    dataset,
    network,
    weights,
    normalization: parsed(normalization, isNormalization, `${file}: the normalisation`),
    accuracy: parsed(accuracy, isNumber, `${file}: the accuracy`),
  };
}

/** JSON of a kind. InputError where it is missing or of another. */
function parsed<T>(json: string | undefined, accepts: (value: unknown) => value is T, what: string): T {
  try {
    const value: unknown = JSON.parse(json ?? '');
    if (accepts(value)) return value;
  } catch {
    // Not JSON is the same as another kind.
  }
  throw new InputError(`${what} is ${json === undefined ? 'missing' : `damaged: ${json}`}`);
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

const isNormalization = (value: unknown): value is Normalization => {
  const { mean, std } = Object(value);
  return [mean, std].every((numbers) => Array.isArray(numbers) && numbers.every(isNumber));
};
