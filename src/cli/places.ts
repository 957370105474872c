/** Where the parts of a run lie: the search in the run's folder, its retraining in the sub-folder `retrain`. */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { datasetNames } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { isGenotypeText } from '../search/genotype-file.ts';
import { readSearchOptions } from './run-config.ts';
import type { DataOptions } from './setting.ts';

export const retrainFolder = (run: string): string => join(run, 'retrain');

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The run that the retraining of a genotype belongs to: the search's own, or `runs/<name>`. */
export function retrainPlace(source: string): string {
  if (isFolder(source)) return source;
  if (isGenotypeText(source)) return join('runs', 'genotype');
  return join('runs', basename(source).replace(/\.(json|txt)$/, ''));
}

/** The data set of the search in a folder, so that retraining uses it unless told otherwise. */
export function inheritedData(source: string): Partial<DataOptions> {
  if (!isFolder(source) || !existsSync(join(source, 'config.json'))) return {};
  const { data, imageSize, trainLimit, testLimit } = readSearchOptions(source);
  return {
    data,
    ...(imageSize !== undefined && { imageSize }),
    ...(trainLimit !== undefined && { trainLimit }),
    ...(testLimit !== undefined && { testLimit }),
  };
}

/** The options with the folder of the data as an absolute path, so that the run finds it from anywhere. */
export const withFixedData = <Options extends { readonly data?: string }>(options: Options): Options =>
  options.data === undefined || datasetNames.includes(options.data)
    ? options
    : { ...options, data: resolve(options.data) };

/** The folder of the retraining that a run holds. InputError where there is none. */
export function requireRetrained(run: string): string {
  const folder = retrainFolder(run);
  if (existsSync(join(folder, 'config.json'))) return folder;
  throw new InputError(
    isFolder(run)
      ? `${run} holds no trained network: run "nas retrain ${run}" first`
      : `${run} is no folder of a run`,
  );
}
