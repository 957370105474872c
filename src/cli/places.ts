/** Where the parts of a run lie: the search in the run's folder, its retraining in the sub-folder `retrain`. */
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../errors.ts';
import { readConfig } from '../runs/run-folder.ts';
import type { DataOptions } from './setting.ts';

export const retrainFolder = (run: string): string => join(run, 'retrain');

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** The run that the retraining of a genotype belongs to: the search's own, or `runs/<name>`. */
export function retrainPlace(source: string): string {
  if (isFolder(source)) return source;
  if (/^\s*Genotype\s*\(/.test(source)) return join('runs', 'genotype');
  return join('runs', basename(source).replace(/\.(json|txt)$/, ''));
}

/** The data set of the search in a folder, so that retraining uses it unless told otherwise. */
export function inheritedData(source: string): Partial<DataOptions> {
  if (!isFolder(source) || !existsSync(join(source, 'config.json'))) return {};
  const { options } = readConfig<{ options?: Partial<DataOptions> }>(source);
  const { data, imageSize, trainLimit, testLimit } = options ?? {};
  return {
    ...(data !== undefined && { data }),
    ...(imageSize !== undefined && { imageSize }),
    ...(trainLimit !== undefined && { trainLimit }),
    ...(testLimit !== undefined && { testLimit }),
  };
}

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
