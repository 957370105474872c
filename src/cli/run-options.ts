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

/** A retraining of minutes on two cores, for trials and comparisons; everything else is as in the paper. */
export const shortRetraining: RetrainRunOptions = {
  ...retrainRunDefaults,
  channels: 16,
  cells: 5,
  epochs: 5,
  batch: 96,
  learningRate: 0.1,
  dropPath: 0,
  auxiliaryWeight: 0,
  crop: 2,
  cutout: 0,
};

/** What a selection retrains its candidates with: the same for all. */
export interface SelectOptions extends Omit<RetrainRunOptions, 'evaluateEvery'> {
  /** Retrainings of each candidate, with the seeds `seed`, `seed` + 1, …. */
  readonly seeds: number;
  /** The part of the training images to train on; the rest is what the candidates are compared on. */
  readonly trainPortion: number;
}

const { evaluateEvery: _last, ...shortOptions } = shortRetraining;

export const selectDefaults: SelectOptions = { ...shortOptions, seeds: 3, trainPortion: 0.8 };

export const selectNames = [
  ...dataOptionNames,
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
