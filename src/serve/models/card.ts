/** A model's card: the Markdown file of its name beside it, as `nas export` writes it. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { cardPath } from '../../model-files.ts';
import { unlessMissing } from './repository.ts';

/** The card's Markdown; undefined where there is no such file, or a link leads out of the model's folder. */
export async function readCard(model: string): Promise<string | undefined> {
  const card = await unlessMissing(realpath(cardPath(model)));
  const folder = await realpath(dirname(model));
  return card?.startsWith(folder + sep) ? await unlessMissing(readFile(card, 'utf8')) : undefined;
}
