/** The images in the folder `samples` beside a model: what the page offers to try it on. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { imageMediaType } from '../../data/image-formats.ts';
import type { Asset } from './assets.ts';

const folderName = 'samples';
/** A page shows no more, and no larger ones. */
const most = 24;
const largest = 4 * 2 ** 20;

const isSample = (name: string): boolean => !name.startsWith('.') && imageMediaType(name) !== undefined;

/** The names of a model's samples, in order; none where there is no such folder. */
export async function sampleNames(model: string): Promise<string[]> {
  const names = await readdir(join(dirname(model), folderName)).catch(() => []);
  return names.filter(isSample).sort().slice(0, most);
}

/** A sample by the name in its URL; undefined unless it is one of the model's, and lies in its folder. */
export async function sampleOf(model: string, name: string): Promise<Asset | undefined> {
  if (!(await sampleNames(model)).includes(name)) return undefined;
  const folder = await realpath(join(dirname(model), folderName));
  const file = await realpath(join(folder, name));
  const found = await stat(file);
  if (!file.startsWith(folder + sep) || !found.isFile() || found.size > largest) return undefined;
  return { type: imageMediaType(name) as string, bytes: await readFile(file) };
}
