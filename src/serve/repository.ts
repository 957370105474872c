/** Finds the models to serve: one `.onnx` file, or a repository laid out as `<model>/<version>/model.onnx`. */

import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { InputError } from '../errors.ts';

/** A model file, and what it is to be served as. */
export interface ModelFile {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

const extension = '.onnx';
const versionPattern = /^[1-9]\d*$/;
/** `/v2/models/stats` means the statistics of all models in the Open Inference Protocol. */
const reservedNames: readonly string[] = ['stats'];

/** Orders versions as numbers: '9' before '10'. */
export const compareVersions: (a: string, b: string) => number = new Intl.Collator('en', { numeric: true })
  .compare;

/**
 * The models at a path, sorted by name and version. A single file is version 1 of the model named as the file;
 * in a repository every version is found, and whatever does not have the layout is ignored.
 */
export async function findModels(path: string): Promise<ModelFile[]> {
  const files = (await isFile(path)) ? [singleFile(path)] : await filesOfRepository(path);
  const reserved = files.find(({ name }) => reservedNames.includes(name));
  if (reserved) {
    throw new InputError(
      `${reserved.path}: the protocol reserves the name ${reserved.name}: rename the model`,
    );
  }
  return files;
}

async function isFile(path: string): Promise<boolean> {
  const found = await unlessMissing(stat(path));
  if (!found) throw new InputError(`${path}: no such file or folder; expected a model or a model repository`);
  return found.isFile();
}

function singleFile(path: string): ModelFile {
  if (extname(path) !== extension) {
    throw new InputError(`${path}: expected a file that ends in ${extension}, or a model repository`);
  }
  return { name: basename(path, extension), version: '1', path };
}

async function filesOfRepository(repository: string): Promise<ModelFile[]> {
  const root = await realpath(repository);
  const files: ModelFile[] = [];
  for (const name of await folderNames(root)) {
    for (const version of await folderNames(join(root, name))) {
      if (!versionPattern.test(version)) continue;
      const path = join(root, name, version, `model${extension}`);
      if (await isModelWithin(root, path)) files.push({ name, version, path });
    }
  }
  if (files.length === 0) {
    throw new InputError(
      `${repository}: no models found; expected <model>/<version>/model${extension} in it, versions being whole ` +
        `numbers from 1 (a single ${extension} file is served by its own path)`,
    );
  }
  return files.sort((a, b) => compareText(a.name, b.name) || compareVersions(a.version, b.version));
}

/** Whether a model file is there. One that a link takes out of the repository is refused, not passed over in silence. */
async function isModelWithin(root: string, path: string): Promise<boolean> {
  const target = await unlessMissing(realpath(path));
  if (!target || !(await stat(target)).isFile()) return false;
  if (target.startsWith(root.endsWith(sep) ? root : root + sep)) return true;
  throw new InputError(
    `${path}: leads out of the repository, to ${target}: copy the file into the repository`,
  );
}

/** The folders (and the links, which may lead to folders) in a folder, hidden ones left out. */
async function folderNames(folder: string): Promise<string[]> {
  const entries: Dirent[] = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A file system call's result, or `undefined` when there is no such file or folder. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && missingCodes.includes(String(error.code));
    if (missing) return undefined;
    throw error;
  }
}

const missingCodes: readonly string[] = ['ENOENT', 'ENOTDIR'];
