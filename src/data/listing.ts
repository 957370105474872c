/** What is in a folder. */
import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../errors.ts';

/** The names of a folder's entries, sorted by UTF-16 code unit, without hidden ones and {@link leftovers}. */
export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Folders that archives (macOS) and disk stations (Synology) leave beside a user's own. */
const leftovers: readonly string[] = ['__MACOSX', '@eaDir'];

/**
 * What a folder holds; symbolic links count as what they point at.
 *
 * @throws InputError when the folder cannot be read
 */
export async function list(folder: string): Promise<Listing> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.') && !leftovers.includes(name),
    );
    const kinds = await Promise.all(entries.map((entry) => kindOf(folder, entry)));
    const other = kinds.indexOf('other');
    if (other >= 0) throw new Error(`${entries[other]?.name} is a pipe, a socket or a device`);
    const names = (kind: Kind): string[] =>
      entries.flatMap(({ name }, i) => (kinds[i] === kind ? [name] : [])).sort();
    return { files: names('file'), folders: names('folder') };
  } catch (error) {
    throw new InputError(`${folder}: cannot be read: ${messageOf(error)}.`);
  }
}

type Kind = 'file' | 'folder' | 'other';

/** Of what a link points at. Reading from what is neither file nor folder may never end. */
async function kindOf(folder: string, entry: Dirent): Promise<Kind> {
  const target = entry.isSymbolicLink() ? await targetOf(folder, entry.name) : entry;
  if (target.isDirectory()) return 'folder';
  return target.isFile() ? 'file' : 'other';
}

async function targetOf(folder: string, link: string): Promise<Stats> {
  try {
    return await stat(join(folder, link));
  } catch (error) {
    throw new Error(`${link} is a link to what cannot be read: ${messageOf(error)}`);
  }
}
