/**
 * Weights in files of their own beside a model. onnxruntime maps such a file into memory for as long as the session lives: one
 * that is overwritten changes the answers, and one that becomes shorter ends the process. What is read beforehand does neither.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';

export interface ExternalData {
  /** As the model names it. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** Bytes that Node reads at once, at most. Larger files stay mapped. */
const largest = 2 ** 31 - 1;

/**
 * The contents of the files; without those that onnxruntime is to judge, as they are missing, too large, or not in the
 * model's folder.
 */
export function readExternalData(model: string, locations: readonly string[]): ExternalData[] {
  const folder = dirname(model);
  return locations.flatMap((path) => {
    const file = resolve(folder, path);
    try {
      if (!realpathSync(file).startsWith(realpathSync(folder) + sep) || statSync(file).size > largest)
        return [];
      return [{ path, data: readFileSync(file) }];
    } catch {
      return [];
    }
  });
}
