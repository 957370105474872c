/** What `config.json` of a run keeps as its options. */
import { type RetrainOptions, retrainDefaults } from '../retrain/options.ts';
import { type SearchOptions, searchDefaults } from '../search/options.ts';
import { dataOptionNames, deviceOptionNames, retrainOptionNames, searchOptionNames } from './options.ts';
import { type DataOptions, type DeviceOptions, dataDefaults, deviceDefaults } from './setting.ts';

export type SearchRunOptions = SearchOptions & DataOptions & DeviceOptions;
export type RetrainRunOptions = RetrainOptions & DataOptions & DeviceOptions;

export const searchRunNames = [...dataOptionNames, ...searchOptionNames, ...deviceOptionNames] as const;
export const retrainRunNames = [...dataOptionNames, ...retrainOptionNames, ...deviceOptionNames] as const;

export const searchRunDefaults: SearchRunOptions = { ...searchDefaults, ...dataDefaults, ...deviceDefaults };
export const retrainRunDefaults: RetrainRunOptions = {
  ...retrainDefaults,
  ...dataDefaults,
  ...deviceDefaults,
};

/** Where a run is kept, and whether the one there is continued. */
export interface Place {
  readonly out: string;
  readonly resume: boolean;
  /** The command line that continues the run, for people. */
  readonly again: string;
}
