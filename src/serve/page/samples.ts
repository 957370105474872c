/** The images in the folder `samples` beside a model: what the page offers to try it on. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { imageMediaType } from '../../data/image-formats.ts';
import { samplesFolder } from '../../model-files.ts';
import { unlessMissing } from '../models/repository.ts';
import type { Asset } from './assets.ts';

/** A page shows no more, and no larger ones. */
const most = 24;
const largest = 4 * 2 ** 20;

const isSample = (name: string): boolean => !name.startsWith('.') && imageMediaType(name) !== undefined;

/** The names of a model's samples, in order; none where there is no such folder. */
export async function sampleNames(model: string): Promise<string[]> {
  const names = await readdir(samplesFolder(model)).catch(() => []);
  const first = names.filter(isSample).sort().slice(0, most);
  const areShown = await Promise.all(first.map((name) => isShown(samplesFolder(model), name)));
  return first.filter((_, i) => areShown[i]);
}

/** A sample by the name in its URL; undefined unless it is one of the model's. */
export async function sampleOf(model: string, name: string): Promise<Asset | undefined> {
  if (!(await sampleNames(model)).includes(name)) return undefined;
  return {
    type: imageMediaType(name) as string,
    bytes: await readFile(join(samplesFolder(model), name)),
  };
}

/** Whether it is a file of the folder itself, and small enough. */
async function isShown(folder: string, name: string): Promise<boolean> {
  const target = await unlessMissing(realpath(join(folder, name)));
  if (!target?.startsWith((await realpath(folder)) + sep)) return false;
  const found = await stat(target);
  return found.isFile() && found.size <= largest;
}
