/** The folder of a run: its configuration, metrics and checkpoint. Every file is written whole. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { InputError } from '../errors.ts';
import { isWhole, parseJson } from '../objects.ts';
import type { EpochRecord, Position, Sums } from './epochs.ts';
import { readText, removeTemporary, requireWritable, writeWhole } from './files.ts';
import { checkpointFile, configFile, divergenceFile, genotypeFile, metricsFile } from './layout.ts';
import { holdFolder } from './lock.ts';
import { readArrays, writeArrays } from './safetensors.ts';

/** What a run needs to continue: flat state vectors by name, and where it stands. */
export interface Checkpoint<Name extends string = string> {
  readonly state: Readonly<Record<Name, Float32Array>>;
  readonly position: Position;
  readonly sums: Sums;
  /** Numbers that are not part of a vector, e.g. the best accuracy so far. */
  readonly values: Readonly<Record<string, number>>;
}

/** More epochs than this are no run of anybody's. */
const mostEpochs = 1e6;

export interface RunFolder {
  readonly path: string;
  writeConfig(config: object): void;
  /** Appends a record; rewrites the file, so that it is always whole. */
  record(record: EpochRecord): void;
  saveCheckpoint(checkpoint: Checkpoint): void;
  /**
   * The checkpoint, its state being vectors of these sizes.
   *
   * @throws InputError where the file is damaged or of another run
   */
  loadCheckpoint<Name extends string>(sizes: Readonly<Record<Name, number>>): Checkpoint<Name>;
  writeGenotype(text: string): void;
}

/** Whether a folder is one of a run that has begun. */
export const hasConfig = (path: string): boolean => existsSync(configFile(path));

/** Whether there is something to continue. */
export const hasCheckpoint = (path: string): boolean => existsSync(checkpointFile(path));

/** Why the run in a folder has diverged, if it has. */
export const divergenceOf = (path: string): string | undefined =>
  existsSync(divergenceFile(path)) ? readText(divergenceFile(path)).trim() : undefined;

export const writeConfig = (path: string, config: object): void =>
  writeWhole(configFile(path), `${JSON.stringify(config, null, 2)}\n`);

/** What is said of a configuration's file that has a field which is not what it must be. */
export const damagedConfig = (file: string, field: string, expected: string, got: unknown): InputError =>
  new InputError(`${file}: ${field} must be ${expected}, got ${JSON.stringify(got)}; the file is damaged`);

/** The configuration of the run in a folder; its fields are not checked. InputError where there is none. */
export function readConfig(path: string): Readonly<Record<string, unknown>> {
  const file = configFile(path);
  if (!existsSync(file)) throw new InputError(`${path} holds no run: ${basename(file)} is missing`);
  return Object(parseJson(readText(file), file));
}

function epochRecord(record: unknown, file: string, index: number): EpochRecord {
  const { epoch, seconds } = Object(record);
  if (isWhole(epoch, 0, mostEpochs) && typeof seconds === 'number' && seconds >= 0)
    return record as EpochRecord;
  throw new InputError(
    `${file}, line ${index + 1}: expected {"epoch": …, "seconds": …}, ` +
      `got ${JSON.stringify(record)?.slice(0, 80)}; the file is damaged`,
  );
}

/**
 * The records of a run, of its first `epochs` epochs.
 *
 * @throws InputError where one is none
 */
export function readMetrics(path: string, epochs = Number.POSITIVE_INFINITY): EpochRecord[] {
  const file = metricsFile(path);
  if (!existsSync(file)) return [];
  const lines = readText(file).split('\n').filter(Boolean);
  return lines
    .slice(0, epochs)
    .map((line, i) => epochRecord(parseJson(line, `${file}, line ${i + 1}`), file, i));
}

/**
 * Makes sure that a run can be opened. Creates nothing.
 *
 * @throws InputError where a new run would overwrite one, or there is nothing to resume
 */
export function requireOpenable(path: string, resume: boolean): void {
  const file = checkpointFile(path);
  // A run that ended before its first checkpoint has nothing to lose.
  if (!resume && existsSync(file)) {
    throw new InputError(`${path} holds a run already; choose another --out, or continue it with --resume`);
  }
  if (resume && !existsSync(file)) {
    throw new InputError(
      `${path} has nothing to resume: ${basename(file)} is missing (it is written after each epoch and on interrupt); ` +
        'start the run anew without --resume',
    );
  }
  requireWritable(file);
}

/**
 * Runs work on a run in a folder that no other process has meanwhile.
 *
 * @throws InputError where another process has it, and as `openRun`
 */
export async function withRun<T>(
  path: string,
  resume: boolean,
  work: (folder: RunFolder) => T | Promise<T>,
): Promise<T> {
  // Before the folder is made that is to be held; once it is held nobody changes the answer any more, and it is asked again.
  requireOpenable(path, resume);
  const release = holdFolder(path);
  try {
    return await work(openRun(path, resume));
  } finally {
    release();
  }
}

/**
 * Opens a folder for a new run or, with `resume`, for continuing the one in it. Nobody else may work in it: see `withRun`.
 *
 * @throws InputError where a new run would overwrite one, or there is nothing to resume
 */
export function openRun(path: string, resume: boolean): RunFolder {
  requireOpenable(path, resume);
  const file = checkpointFile(path);
  if (resume) removeTemporary(path);
  let records = resume ? readMetrics(path) : [];
  return {
    path,
    writeConfig: (config) => writeConfig(path, config),
    record: (record) => {
      // A run killed between record and checkpoint repeats an epoch; its old record gives way.
      records = [...records.filter(({ epoch }) => epoch < record.epoch), record];
      writeWhole(metricsFile(path), records.map((r) => `${JSON.stringify(r)}\n`).join(''));
    },
    saveCheckpoint: ({ state, position, sums, values }) => {
      const arrays = Object.entries(state).map(([name, data]) => [name, { shape: [data.length], data }]);
      const progress = JSON.stringify({ position, sums, values });
      writeArrays(file, {
        arrays: Object.fromEntries(arrays),
        metadata: { progress, checksum: checksum(progress, state) },
      });
    },
    loadCheckpoint: (sizes) => readCheckpoint(file, sizes),
    writeGenotype: (text) => writeWhole(genotypeFile(path), text),
  };
}

type Progress = Pick<Checkpoint, 'position' | 'sums' | 'values'>;

function readCheckpoint<Name extends string>(
  file: string,
  sizes: Readonly<Record<Name, number>>,
): Checkpoint<Name> {
  const { arrays, metadata } = readArrays(file);
  const state: Partial<Record<Name, Float32Array>> = {};
  for (const name of Object.keys(sizes) as Name[]) {
    const data = arrays[name]?.data;
    if (data?.length !== sizes[name]) {
      throw new InputError(
        `${file} is not of this run: expected ${sizes[name]} elements of ${name}, got ${data?.length ?? 'none'}`,
      );
    }
    state[name] = data;
  }
  // Every name of `sizes` has been given its vector.
  const whole = state as Record<Name, Float32Array>;
  if (metadata.checksum !== checksum(metadata.progress ?? '', whole)) {
    throw new InputError(
      `${file} is damaged: its content does not have the checksum that it was written with`,
    );
  }
  const progress = parsed(metadata.progress);
  if (!isProgress(progress)) throw new InputError(`${file} does not say how far the run is`);
  return { state: whole, ...progress };
}

/** The CRC-32 of a checkpoint's progress and vectors, in hexadecimal. */
function checksum(progress: string, state: Readonly<Record<string, Float32Array>>): string {
  const names = Object.keys(state).sort();
  return names.reduce((crc, name) => crc32(state[name] as Float32Array, crc), crc32(progress)).toString(16);
}

function parsed(json = ''): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isProgress(value: unknown): value is Progress {
  const { position, sums, values } = Object(value);
  const areNumbers = (record: unknown): boolean =>
    typeof record === 'object' &&
    record !== null &&
    // JSON has no NaN: an accuracy that is not known yet is null.
    Object.values(record).every((number) => typeof number === 'number' || number === null);
  const { epoch, step } = Object(position);
  const areWhole = [epoch, step].every((index) => isWhole(index, 0));
  return areWhole && areNumbers(sums) && areNumbers(values);
}
