/** Errors that name a place in a file. */
import { InputError } from '../errors.ts';

/** A place in a file, or a whole file or folder. */
export interface Place {
  readonly file: string;
  /** Bytes from the start; in a gzipped file, of the decompressed content. */
  readonly offset?: number;
}

/** The error for a damaged file: where, what was expected, what was found. */
export function malformed({ file, offset }: Place, expected: string, found: string | number): InputError {
  const place = offset === undefined ? file : `${file}: byte ${offset}`;
  return new InputError(`${place}: expected ${expected}, found ${found}.`);
}

/** A count and its noun, e.g. `1 image`, `20 images`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
