/** Finds the models to serve: one `.onnx` file, or a repository laid out as `<model>/<version>/model.onnx`. */

import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { InputError, messageOf } from '../../errors.ts';

/** One version of a model. */
export interface VersionFile {
  readonly version: string;
  readonly path: string;
}

/** A model as it lies in the file system. */
export interface FoundModel {
  readonly name: string;
  /** In the order of their numbers, at least one. */
  readonly versions: readonly VersionFile[];
  /** Its `config.json`, if it has one. */
  readonly config: string | undefined;
  /** Another text as soon as one of its files is another. */
  readonly fingerprint: string;
  /** Files that look as if they were to be read and are not. */
  readonly ignored: readonly string[];
}

const extension = '.onnx';
const versionPattern = /^[1-9]\d*$/;
/** `/v2/models/stats` means the statistics of all models in the Open Inference Protocol. */
const reservedNames: readonly string[] = ['stats'];

/** Orders versions as numbers: '9' before '10'. */
export const compareVersions: (a: string, b: string) => number = new Intl.Collator('en', { numeric: true })
  .compare;

/** What lies at a path. */
export interface Repository {
  /** Sorted by name. */
  readonly models: readonly FoundModel[];
  /** Why others cannot be served, by name: a reserved one, a link that leads out of the repository, an unreadable folder. */
  readonly problems: ReadonlyMap<string, InputError>;
}

/**
 * The models at a path. A single file is version 1 of the model named as the file; in a repository every version is
 * found, and whatever does not have the layout is ignored.
 *
 * @throws InputError where the path is no such thing
 */
export async function lookInto(path: string): Promise<Repository> {
  const isSingle = await isFile(path);
  const root = await realpath(path);
  const names = isSingle ? [basename(path, extension)] : await folderNames(root);
  const models: FoundModel[] = [];
  const problems = new Map<string, InputError>();
  for (const name of names) {
    try {
      const model = isSingle ? await singleFile(path) : await modelOfFolder(root, name);
      if (!model) continue;
      if (reservedNames.includes(name)) {
        throw new InputError(`${path}: the protocol reserves the name ${name}: rename the model`);
      }
      models.push(model);
    } catch (error) {
      problems.set(
        name,
        error instanceof InputError ? error : new InputError(`${path}: ${messageOf(error)}`),
      );
    }
  }
  return { models: models.sort((a, b) => compareText(a.name, b.name)), problems };
}

/** The models at a path, where nothing is wrong with any. Throws the first InputError, as `lookInto`. */
export async function findModels(path: string): Promise<readonly FoundModel[]> {
  const { models, problems } = await lookInto(path);
  for (const problem of problems.values()) throw problem;
  return models;
}

/** What to say of a repository in which there is no model. */
export const noModels = (repository: string): InputError =>
  new InputError(
    `${repository}: no models found; expected <model>/<version>/model${extension} in it, versions being whole ` +
      `numbers from 1 (a single ${extension} file is served by its own path)`,
  );

async function isFile(path: string): Promise<boolean> {
  const found = await unlessMissing(stat(path));
  if (!found) throw new InputError(`${path}: no such file or folder; expected a model or a model repository`);
  return found.isFile();
}

async function singleFile(path: string): Promise<FoundModel> {
  if (extname(path) !== extension) {
    throw new InputError(`${path}: expected a file that ends in ${extension}, or a model repository`);
  }
  const name = basename(path, extension);
  return {
    name,
    versions: [{ version: '1', path }],
    config: undefined,
    fingerprint: await stamp(path),
    ignored: [],
  };
}

async function modelOfFolder(root: string, name: string): Promise<FoundModel | undefined> {
  const folder = join(root, name);
  const versions: VersionFile[] = [];
  for (const version of await folderNames(folder)) {
    if (!versionPattern.test(version)) continue;
    const path = join(folder, version, `model${extension}`);
    if (await isFileWithin(root, path)) versions.push({ version, path });
  }
  if (versions.length === 0) return undefined;
  versions.sort((a, b) => compareVersions(a.version, b.version));
  const config = join(folder, 'config.json');
  const configured = await isFileWithin(root, config);
  const files = [...(configured ? [config] : []), ...versions.map(({ path }) => path)];
  return {
    name,
    versions,
    config: configured ? config : undefined,
    fingerprint: (await Promise.all(files.map(stamp))).join('\n'),
    ignored: (await unlessMissing(stat(join(folder, 'config.pbtxt')))) ? [join(folder, 'config.pbtxt')] : [],
  };
}

/** A text that changes with a file, and with the files beside it (weights may lie in files of their own). */
async function stamp(path: string): Promise<string> {
  const folder = dirname(path);
  const beside = basename(path) === `model${extension}` ? await readdir(folder) : [basename(path)];
  const stamps = beside.map(async (name) => {
    const found = await unlessMissing(stat(join(folder, name)));
    return `${join(folder, name)} ${found?.mtimeMs} ${found?.size} ${found?.ino}`;
  });
  return (await Promise.all(stamps)).join('\n');
}

/** Whether a file is there. One that a link takes out of the repository is refused, not passed over in silence. */
async function isFileWithin(root: string, path: string): Promise<boolean> {
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
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && missingCodes.includes(String(error.code));
    if (missing) return undefined;
    throw error;
  }
}

const missingCodes: readonly string[] = ['ENOENT', 'ENOTDIR'];
