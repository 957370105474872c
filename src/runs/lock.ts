/** A folder belongs to one process at a time: two runs in one would overwrite each other's files. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import { lockFile } from './layout.ts';

/**
 * Takes a folder until the function that it returns is called, or the process ends. One that was left behind by a process
 * that was killed is taken over.
 *
 * @throws InputError where another process has it
 */
export function holdFolder(path: string): () => void {
  const file = resolve(lockFile(path));
  mkdirSync(dirname(file), { recursive: true });
  if (!isWritten(file)) {
    const owner = ownerOf(file);
    if (owner !== process.pid && isAlive(owner)) {
      throw new InputError(
        `${path}: process ${owner} is working in this folder; choose another --out, or wait until it has ended ` +
          `(if that process is another program, remove ${file})`,
      );
    }
    writeFileSync(file, String(process.pid));
  }
  const release = (): void => {
    process.off('exit', release);
    rmSync(file, { force: true });
  };
  process.on('exit', release);
  return release;
}

/** Writes the lock where there is none. */
function isWritten(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new InputError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

/** NaN where the folder has been released meanwhile. */
const ownerOf = (file: string): number =>
  existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN;

function isAlive(owner: number): boolean {
  if (!Number.isSafeInteger(owner) || owner < 1) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    // Of another user's process there is no more to learn than that it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
