/**
 * Where the parts of a run lie in its folder.
 *
 * | folder | what it is |
 * |---|---|
 * | `<run>` | a search: `config.json`, `metrics.jsonl`, `checkpoint.safetensors` and, at its end, `genotype.json` |
 * | `<run>/retrain` | the retraining of its genotype: the same, `best.safetensors` and `last.safetensors` |
 * | `<sweep>` | several searches: `config.json` with their options and seeds; `genotype.json` is the selected one |
 * | `<sweep>/seed-<n>` | each of them: a run as above; `diverged.txt` says why it cannot go on, where it has diverged |
 * | `<sweep>/select` | the selection: `config.json` and, at its end, `result.json` |
 * | `<sweep>/select/seed-<n>/retrain-<m>` | a short retraining, with seed m, of the genotype that seed n found first |
 * | `<sweep>/retrain` | the retraining of the selected genotype |
 */
import { join } from 'node:path';

export const retrainFolder = (run: string): string => join(run, 'retrain');

export const seedFolder = (sweep: string, seed: number): string => join(sweep, `seed-${seed}`);

export const selectionFolder = (sweep: string): string => join(sweep, 'select');

export const candidateFolder = (sweep: string, seed: number, retrainSeed: number): string =>
  join(selectionFolder(sweep), `seed-${seed}`, `retrain-${retrainSeed}`);

export const configFile = (run: string): string => join(run, 'config.json');

export const metricsFile = (run: string): string => join(run, 'metrics.jsonl');

export const checkpointFile = (run: string): string => join(run, 'checkpoint.safetensors');

/** The weights of a retraining. */
export const weightsFile = (run: string, which: 'best' | 'last'): string => join(run, `${which}.safetensors`);

/** What a selection has found. */
export const resultFile = (selection: string): string => join(selection, 'result.json');

export const genotypeFile = (run: string): string => join(run, 'genotype.json');

/** Holds the number of the process that works in the folder. */
export const lockFile = (run: string): string => join(run, 'running.pid');

export const divergenceFile = (run: string): string => join(run, 'diverged.txt');

/** The seeds from the first on. */
export const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);
