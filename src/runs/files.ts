/** Files written whole: under a temporary name first, then renamed, so that no reader ever sees a half. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';

const temporaryName = (path: string): string => `${path}.${process.pid}.tmp`;

/** Removes what writers that were killed have left in a folder. */
export function removeTemporary(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/\.\d+\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
  }
}

/**
 * The text of a file.
 *
 * @param name what messages call it
 * @throws InputError where it cannot be read, e.g. as it is a folder
 */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${name} cannot be read: ${messageOf(error)}`);
  }
}

/** Writes a file, and the folders above it. InputError where the place cannot be written. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = temporaryName(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    // Where the folder is a file, removing what is not there would be an error of its own.
    if (existsSync(temporary)) rmSync(temporary);
    throw new InputError(`cannot write ${path}: ${messageOf(error)}`);
  }
}

/**
 * Makes sure, before long work, that a file can be written later. Creates nothing.
 *
 * @throws InputError where the path is a folder, lies in a file, or the folder is not writable
 */
export function requireWritable(path: string): void {
  const refuse = (reason: string): never => {
    throw new InputError(`cannot write ${path}: ${reason}`);
  };
  if (existsSync(path) && statSync(path).isDirectory()) refuse('it is a folder');
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory()) refuse(`${folder} is no folder`);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    refuse(messageOf(error));
  }
}
