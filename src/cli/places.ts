/** What belongs to the run that a user names. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { datasetNames } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { genotypeFile, retrainFolder, seedFolder } from '../runs/layout.ts';
import { hasConfig, readConfig } from '../runs/run-folder.ts';
import { isGenotypeText } from '../search/genotype-file.ts';
import { shellWord } from './output.ts';
import { readSearchData, readSearchOptions, readSweepConfig } from './run-config.ts';
import type { DataOptions } from './setting.ts';

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The run that the retraining of a genotype belongs to: the search's own, or `runs/<name>`. */
export function retrainPlace(source: string): string {
  if (isFolder(source)) return source;
  if (isGenotypeText(source)) return join('runs', 'genotype');
  return join('runs', basename(source).replace(/\.(json|txt)$/, ''));
}

/** Whether a folder holds several searches. */
export const isSweep = (path: string): boolean => hasConfig(path) && readConfig(path).command === 'sweep';

/** @throws InputError where a genotype is asked of several searches of which none is selected */
export function requireSelected(source: string): void {
  if (!isSweep(source) || existsSync(genotypeFile(source))) return;
  const { options } = readSweepConfig(source);
  throw nothingSelected(source, seedFolder(source, options.seed));
}

/**
 * What is said where a genotype is asked of several searches of which none is selected.
 *
 * @param example the folder of one of them, where there is one yet
 */
export const nothingSelected = (source: string, example: string | undefined): InputError =>
  new InputError(
    `${source} holds several searches, and none of their genotypes is selected: run "nas select ${shellWord(source)}" first` +
      (example === undefined ? '' : `, or name one of them, e.g. ${example}`),
  );

/** The data set of the search in a folder, so that retraining uses it unless told otherwise. */
export function inheritedData(source: string): Partial<DataOptions> {
  if (!isFolder(source) || !hasConfig(source)) return {};
  const { data, imageSize, trainLimit, testLimit } = readSearchData(source);
  return {
    data,
    ...(imageSize !== undefined && { imageSize }),
    ...(trainLimit !== undefined && { trainLimit }),
    ...(testLimit !== undefined && { testLimit }),
  };
}

/** The size of the network that the budget of the searches in a folder is for, where they have one. */
export function budgetedSize(source: string): { channels: number; cells: number } | undefined {
  // Runs of versions without budgets lack other options, too.
  if (!isFolder(source) || !hasConfig(source) || !Object(readConfig(source).options).budget) return undefined;
  const options = isSweep(source) ? readSweepConfig(source).options : readSearchOptions(source);
  if (options.method === 'random') return undefined;
  const { channels, cells, budgetChannels = channels, budgetCells = cells } = options;
  return { channels: budgetChannels, cells: budgetCells };
}

/** The options with the folder of the data as an absolute path, so that the run finds it from anywhere. */
export const withFixedData = <Options extends { readonly data?: string }>(options: Options): Options =>
  options.data === undefined || datasetNames.includes(options.data)
    ? options
    : { ...options, data: resolve(options.data) };

/** The folder of the retraining that a run holds. InputError where there is none. */
export function requireRetrained(run: string): string {
  const folder = retrainFolder(run);
  if (hasConfig(folder)) return folder;
  throw new InputError(
    isFolder(run)
      ? `${run} holds no trained network: run "nas retrain ${run}" first`
      : `${run} ${existsSync(run) ? 'is a file' : 'does not exist'}: expected the folder of a run`,
  );
}
