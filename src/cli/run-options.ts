/** What `config.json` of a run keeps as its options. */
import { type RetrainOptions, retrainDefaults } from '../retrain/options.ts';
import type { LearningMethodName, MethodName } from '../search/method-names.ts';
import { searchDefaultsOf } from '../search/method-options.ts';
import { type SearchOptions, searchDefaults } from '../search/options.ts';
import { dataOptionNames, deviceOptionNames, retrainOptionNames, searchOptionNames } from './options.ts';
import { type DataOptions, type DeviceOptions, dataDefaults, deviceDefaults } from './setting.ts';

export type SearchRunOptions = SearchOptions &
  DataOptions &
  DeviceOptions & { readonly method: LearningMethodName };
export type RetrainRunOptions = RetrainOptions & DataOptions & DeviceOptions;

export const searchRunNames = [...dataOptionNames, ...searchOptionNames, ...deviceOptionNames] as const;
export const retrainRunNames = [...dataOptionNames, ...retrainOptionNames, ...deviceOptionNames] as const;

/** A genotype drawn at random: nothing is trained or computed; the data are those of its retraining. */
export type RandomRunOptions = Pick<SearchOptions, (typeof randomNames)[number]> &
  DataOptions & { readonly method: 'random' };

const randomNames = ['method', 'space', 'seed'] as const;
export const randomRunNames = [...dataOptionNames, ...randomNames] as const;

/** The options of a run of `nas search` where none is given, but the method. */
export function searchRunDefaults(method: MethodName): SearchRunOptions | RandomRunOptions {
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

/** What the command line gives of them. */
export type GivenSearchOptions = Partial<Omit<SearchRunOptions, 'method'>> & { readonly method?: MethodName };

/** Where a run is kept, and whether the one there is continued. */
export interface Place {
  readonly out: string;
  readonly resume: boolean;
  /** The command line that continues the run, for people. */
  readonly again: string;
}
