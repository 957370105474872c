/** Fields of a run's `config.json` that both commands and reports read: either takes what the other takes. */
import type { Dataset } from '../data/index.ts';
import { type Fields, isObject, isWhole } from '../objects.ts';
import { damagedConfig } from './run-folder.ts';

/** What a network is retrained on, as far as its weights depend on it. */
export type DatasetForm = Pick<Dataset, 'name' | 'classes' | 'shape'>;

/** What is retrained: the genotype, in the text form, and on what. */
export interface Retrained {
  readonly genotype: string;
  readonly dataset: DatasetForm;
}

/** A genotype, in the text form, and the seeds of the searches that found it: one or more, whole numbers from 0. */
export interface Candidate {
  readonly seeds: readonly number[];
  readonly genotype: string;
}

const isText = (value: unknown): value is string => typeof value === 'string';

const isDatasetForm = (value: unknown): value is DatasetForm =>
  isObject(value) &&
  isText(value.name) &&
  Array.isArray(value.classes) &&
  value.classes.every(isText) &&
  isShape(value.shape);

const isShape = (value: unknown): boolean =>
  isObject(value) && [value.channels, value.height, value.width].every((size) => isWhole(size, 1));

const isCandidate = (value: unknown): value is Candidate =>
  isObject(value) &&
  isText(value.genotype) &&
  Array.isArray(value.seeds) &&
  value.seeds.length > 0 &&
  value.seeds.every((seed) => isWhole(seed, 0));

/**
 * What the configuration of a retraining says of its network.
 *
 * @param file names it in errors
 * @throws InputError with the field, what was expected and what was found
 */
export function checkedRetrained({ genotype, dataset }: Fields, file: string): Retrained {
  if (!isText(genotype)) throw damagedConfig(file, 'genotype', 'the text of a genotype', genotype);
  if (!isDatasetForm(dataset)) throw damagedConfig(file, 'dataset', '{name, classes, shape}', dataset);
  return { genotype, dataset };
}

/**
 * What the configuration of a selection chooses from.
 *
 * @param file names it in errors
 * @throws InputError with the field, what was expected and what was found
 */
export function checkedCandidates({ candidates }: Fields, file: string): readonly Candidate[] {
  if (Array.isArray(candidates) && candidates.every(isCandidate)) return candidates;
  throw damagedConfig(file, 'candidates', '[{seeds, genotype}, …]', candidates);
}
