/** What is in a folder. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../errors.ts';

/** The names of a folder's entries, sorted by UTF-16 code unit; hidden ones are left out. */
export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * What a folder holds; symbolic links count as what they point at.
 *
 * @throws InputError when the folder cannot be read
 */
export async function list(folder: string): Promise<Listing> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.'),
    );
    const kinds = await Promise.all(entries.map((entry) => isFolder(folder, entry)));
    const names = (folders: boolean): string[] =>
      entries.flatMap(({ name }, i) => (kinds[i] === folders ? [name] : [])).sort();
    return { files: names(false), folders: names(true) };
  } catch (error) {
    throw new InputError(`${folder}: cannot be read: ${messageOf(error)}.`);
  }
}

const isFolder = async (folder: string, entry: Dirent): Promise<boolean> =>
  entry.isSymbolicLink() ? (await stat(join(folder, entry.name))).isDirectory() : entry.isDirectory();
