/** Temporary folders of runs, and what is in them. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMetrics } from '../../src/runs/run-folder.ts';
import { readArrays } from '../../src/runs/safetensors.ts';

/** An empty folder; it goes with the folder of all tests. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'nas-run-'));

/** A path for a run that nobody else has. */
export const freshFolder = (): string => join(emptyFolder(), 'run');

export interface Outcome {
  /** The digest of each array's bytes, by file and name. */
  readonly arrays: Readonly<Record<string, string>>;
  readonly genotype: string | undefined;
  /** But for the time they took. */
  readonly metrics: readonly object[];
}

/** All that a run has to show at its end. */
export function outcomeOf(folder: string): Outcome {
  const digests = ['checkpoint', 'best', 'last'].flatMap((name) => {
    const file = join(folder, `${name}.safetensors`);
    const arrays = existsSync(file) ? Object.entries(readArrays(file).arrays) : [];
    return arrays.map(([array, { data }]) => [
      `${name}/${array}`,
      createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex'),
    ]);
  });
  const genotype = join(folder, 'genotype.json');
  return {
    arrays: Object.fromEntries(digests),
    genotype: existsSync(genotype) ? readFileSync(genotype, 'utf8') : undefined,
    metrics: readMetrics(folder).map(({ seconds, ...record }) => record),
  };
}
