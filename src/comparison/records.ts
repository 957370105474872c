/**
 * What the folder of a run holds, read as leniently as showing it allows: runs of older versions lack some of it, and
 * runs that go on or were broken off lack the rest.
 */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { type Fields, isObject, isWhole } from '../objects.ts';
import {
  type Candidate,
  checkedCandidates,
  checkedRetrained,
  type Retrained,
} from '../runs/config-fields.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import {
  candidateFolder,
  configFile,
  genotypeFile,
  retrainFolder,
  seedFolder,
  seedsFrom,
  selectionFolder,
} from '../runs/layout.ts';
import { damagedConfig, divergenceOf, hasConfig, readConfig, readMetrics } from '../runs/run-folder.ts';
import { formatGenotype } from '../search/genotype.ts';
import { readGenotype } from '../search/genotype-file.ts';

interface Recorded {
  readonly path: string;
  readonly version: string;
  /** As `config.json` has them. */
  readonly options: Fields;
  readonly epochs: readonly EpochRecord[];
}

export interface RetrainRecord extends Recorded, Retrained {}

export interface SearchRecord extends Recorded {
  readonly seed: number;
  /** The content of a space of the user's own. */
  readonly space?: unknown;
  /** Why it cannot go on, where its training has diverged. */
  readonly diverged?: string;
  /** What it has found, once it has finished. */
  readonly genotype?: string;
  readonly retrain?: RetrainRecord;
}

export interface CandidateRecord extends Candidate {
  readonly retrainings: readonly RetrainRecord[];
}

export interface SelectionRecord {
  readonly options: Fields;
  readonly candidates: readonly CandidateRecord[];
}

/** A search alone, several, or a retraining alone; with what came of it. */
export interface RunRecord {
  readonly path: string;
  readonly kind: 'search' | 'sweep' | 'retrain';
  readonly version: string;
  readonly options: Fields;
  /** Those that have begun. */
  readonly searches: readonly SearchRecord[];
  /** Of a sweep: the seeds that it is to have. */
  readonly seeds: readonly number[];
  readonly selection?: SelectionRecord;
  /** The genotype that the run ends with: the search's, the selected one or that which is retrained. */
  readonly genotype?: string;
  readonly retrain?: RetrainRecord;
}

/** What the space of a run is called: one's own bears its name, not that of the file it came from. */
export function spaceNameOf({ searches: [first], options }: RunRecord): string | undefined {
  const name = isObject(first?.space) ? first.space.name : options.space;
  return typeof name === 'string' ? name : undefined;
}

/** Whether a folder is one that `readRun` takes. */
const isRun = (folder: string): boolean => hasConfig(folder) || hasConfig(retrainFolder(folder));

/** @throws InputError where the path is no folder of a run, or a file of it is damaged */
export function readRun(path: string): RunRecord {
  if (!existsSync(path)) throw new InputError(`${path} does not exist: expected the folder of a run`);
  if (!statSync(path).isDirectory()) throw new InputError(`${path} is a file: expected the folder of a run`);
  if (!isRun(path))
    throw new InputError(`${path} is no folder of a run: it has no config.json${nearby(path)}`);
  if (!hasConfig(path)) return ofRetrain(path, readRetrain(retrainFolder(path)));
  const { command, ...config } = readConfig(path);
  const read = Object.hasOwn(readers, String(command)) ? readers[command as keyof typeof readers] : undefined;
  if (!read) {
    throw new InputError(
      `${configFile(path)} is of "${String(command)}", expected the run of ${Object.keys(readers).join(', ')}` +
        (command === 'select' ? '; name the folder above it' : ''),
    );
  }
  return read(path, config);
}

/** The runs that a folder holds instead of being one. */
function nearby(folder: string): string {
  const runs = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isRun(join(folder, entry.name)))
    .map(({ name }) => join(folder, name))
    .sort();
  return runs.length === 0
    ? ''
    : `; it holds the runs ${runs.slice(0, 8).join(' ')}${runs.length > 8 ? ' …' : ''}`;
}

const readers = {
  search: (path: string): RunRecord => {
    const search = readSearch(path);
    const { version, options, seed, genotype, retrain } = search;
    return {
      path,
      kind: 'search',
      version,
      options,
      searches: [search],
      seeds: [seed],
      ...(genotype !== undefined && { genotype }),
      ...(retrain && { retrain }),
    };
  },
  sweep: (path: string, config: Fields): RunRecord => {
    const { options, version } = recorded(path, config);
    if (!isCount(config.seeds))
      throw damagedConfig(configFile(path), 'seeds', 'a whole number from 1', config.seeds);
    const seeds = seedsFrom(seedOf(path, options), config.seeds);
    const genotype = foundIn(path);
    const selection = readSelection(path);
    const retrain = maybeRetrain(path);
    return {
      path,
      kind: 'sweep',
      version,
      options,
      searches: seeds
        .map((seed) => seedFolder(path, seed))
        .filter(hasConfig)
        .map(readSearch),
      seeds,
      ...(selection && { selection }),
      ...(genotype !== undefined && { genotype }),
      ...(retrain && { retrain }),
    };
  },
  retrain: (path: string): RunRecord => ofRetrain(path, readRetrain(path)),
} as const;

const ofRetrain = (path: string, retrain: RetrainRecord): RunRecord => ({
  path,
  kind: 'retrain',
  version: retrain.version,
  options: retrain.options,
  searches: [],
  seeds: [],
  genotype: retrain.genotype,
  retrain,
});

function recorded(path: string, { options, version }: Fields): Omit<Recorded, 'epochs'> {
  if (!isObject(options)) throw damagedConfig(configFile(path), 'options', 'an object', options);
  return { path, version: typeof version === 'string' ? version : '', options };
}

const isSeed = (value: unknown): value is number => isWhole(value, 0);

function seedOf(path: string, { seed }: Fields): number {
  if (isSeed(seed)) return seed;
  throw damagedConfig(configFile(path), 'seed', 'a whole number from 0', seed);
}

/** More seeds than this are no run of anybody's. */
const most = 1e6;

export const isCount = (value: unknown, least = 1): value is number => isWhole(value, least, most);

function readSearch(path: string): SearchRecord {
  const { space, ...config } = readConfig(path);
  const base = recorded(path, config);
  const diverged = divergenceOf(path);
  const genotype = foundIn(path);
  const retrain = maybeRetrain(path);
  return {
    ...base,
    epochs: readMetrics(path),
    seed: seedOf(path, base.options),
    ...(space !== undefined && { space }),
    ...(diverged !== undefined && { diverged }),
    ...(genotype !== undefined && { genotype }),
    ...(retrain && { retrain }),
  };
}

/** What a run has found, in the text form; undefined before that. */
function foundIn(run: string): string | undefined {
  const file = genotypeFile(run);
  return existsSync(file) ? formatGenotype(readGenotype(file)) : undefined;
}

const maybeRetrain = (run: string): RetrainRecord | undefined => {
  const folder = retrainFolder(run);
  return hasConfig(folder) ? readRetrain(folder) : undefined;
};

function readRetrain(path: string): RetrainRecord {
  const config = readConfig(path);
  const retrained = checkedRetrained(config, configFile(path));
  return { ...recorded(path, config), epochs: readMetrics(path), ...retrained };
}

function readSelection(sweep: string): SelectionRecord | undefined {
  const folder = selectionFolder(sweep);
  if (!hasConfig(folder)) return undefined;
  const config = readConfig(folder);
  const { options } = config;
  if (!isObject(options)) throw damagedConfig(configFile(folder), 'options', 'an object', options);
  const candidates = checkedCandidates(config, configFile(folder));
  const { seed = 0, seeds: count = 1 } = options;
  if (!isSeed(seed)) throw damagedConfig(configFile(folder), 'seed', 'a whole number from 0', seed);
  if (!isCount(count)) throw damagedConfig(configFile(folder), 'seeds', 'a whole number from 1', count);
  const retrainSeeds = seedsFrom(seed, count);
  return {
    options,
    candidates: candidates.map(({ seeds, genotype }) => ({
      seeds,
      genotype,
      retrainings: retrainSeeds
        .map((seed) => candidateFolder(sweep, seeds[0] as number, seed))
        .filter(hasConfig)
        .map(readRetrain),
    })),
  };
}
