/** The images in the folder `samples` beside a model: what the page offers to try it on. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
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
  const files = await Promise.all(names.filter(isSample).map((name) => fileOf(model, name)));
  return files
    .flatMap((file) => (file ? [basename(file)] : []))
    .sort()
    .slice(0, most);
}

/** A sample by the name in its URL; undefined unless it is one of the model's. */
export async function sampleOf(model: string, name: string): Promise<Asset | undefined> {
  if (!(await sampleNames(model)).includes(name)) return undefined;
  return {
    type: imageMediaType(name) as string,
    bytes: await readFile(join(samplesFolder(model), name)),
  };
}

/** A file in the folder of samples; undefined where it lies elsewhere, or is none to show. */
async function fileOf(model: string, name: string): Promise<string | undefined> {
  const folder = await realpath(samplesFolder(model));
  const target = await unlessMissing(realpath(join(folder, name)));
  if (!target?.startsWith(folder + sep)) return undefined;
  const found = await stat(target);
  return found.isFile() && found.size <= largest ? join(folder, name) : undefined;
}
