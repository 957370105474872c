/** What `config.json` of a run keeps as its options. */
import { type RetrainOptions, retrainDefaults } from '../retrain/options.ts';
import { type BudgetOptions, budgetOptionNames } from '../search/budget-text.ts';
import type { LearningMethodName, MethodName } from '../search/method-names.ts';
import { searchDefaultsOf } from '../search/method-options.ts';
import { type SearchOptions, searchDefaults } from '../search/options.ts';
import { dataOptionNames, deviceOptionNames, retrainOptionNames, searchOptionNames } from './options.ts';
import { type DataOptions, type DeviceOptions, dataDefaults, deviceDefaults } from './setting.ts';

export type SearchRunOptions = SearchOptions &
  BudgetOptions &
  DataOptions &
  DeviceOptions & { readonly method: LearningMethodName };
export type RetrainRunOptions = RetrainOptions & DataOptions & DeviceOptions;

export const searchRunNames = [
  ...dataOptionNames,
  ...searchOptionNames,
  ...budgetOptionNames,
  ...deviceOptionNames,
] as const;
export const retrainRunNames = [...dataOptionNames, ...retrainOptionNames, ...deviceOptionNames] as const;

/** A genotype drawn at random: nothing is trained or computed; the data are those of its retraining. */
export type RandomRunOptions = Pick<SearchOptions, (typeof randomNames)[number]> &
  DataOptions & { readonly method: 'random' };

const randomNames = ['method', 'space', 'seed'] as const;
export const randomRunNames = [...dataOptionNames, ...randomNames] as const;

/** The options of a search, whether or not there is anything to train. */
export type AnySearchOptions = SearchRunOptions | RandomRunOptions;

/** What the command line gives of them. */
export type GivenSearchOptions = Partial<Omit<SearchRunOptions, 'method'>> & { readonly method?: MethodName };

/** The options of a run of `nas search` where none is given, but the method. */
export function searchRunDefaults(method: MethodName): AnySearchOptions {
  const { space, seed } = searchDefaults;
  return method === 'random'
    ? { method, space, seed, ...dataDefaults }
    : { ...searchDefaultsOf(method), ...dataDefaults, ...deviceDefaults };
}

export const retrainRunDefaults: RetrainRunOptions = {
  ...retrainDefaults,
  ...dataDefaults,
  ...deviceDefaults,
};

/** A retraining of minutes on two cores, for trials and comparisons; everything else is as in the paper. */
export const shortRetraining: RetrainRunOptions = {
  ...retrainRunDefaults,
  channels: 16,
  cells: 5,
  epochs: 5,
  learningRate: 0.1,
  dropPath: 0,
  auxiliaryWeight: 0,
  crop: 2,
  cutout: 0,
};

/** What a selection retrains its candidates with: the same for all. */
export interface SelectOptions extends Omit<RetrainRunOptions, 'evaluateEvery' | 'testLimit'> {
  /** Retrainings of each candidate, with the seeds `seed`, `seed` + 1, …. */
  readonly seeds: number;
  /** The part of the training images to train on; the rest is what the candidates are compared on. */
  readonly trainPortion: number;
}

const { evaluateEvery: _last, ...shortOptions } = shortRetraining;

export const selectDefaults: SelectOptions = { ...shortOptions, seeds: 3, trainPortion: 0.8 };

export const selectNames = [
  ...dataOptionNames.filter((name) => name !== 'testLimit'),
  ...retrainOptionNames.filter((name) => name !== 'evaluateEvery'),
  'seeds',
  'trainPortion',
  ...deviceOptionNames,
] as const;

/** Where a run is kept, and whether the one there is continued. */
export interface Place {
  readonly out: string;
  readonly resume: boolean;
  /** The command line that continues the run, for people. */
  readonly again: string;
}
