/** What the tests of the readers share: temporary folders, files to damage, and what a reader may do with them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished } from 'vitest';
import { type Dataset, pixelsOf, type Split } from '../../src/data/dataset.ts';
import { encodeIdx } from '../../src/data/idx.ts';
import { InputError } from '../../src/errors.ts';

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A new folder with the given files (by relative path), removed after the test. */
export async function folderWith(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nas-data-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await write(folder, files);
  return folder;
}

/** Writes files into a folder and creates the folders they are in. */
export async function write(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** The error that a promise rejects with; it must be an InputError. */
export async function inputErrorOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

/** Passes when the promise gives a sound data set or rejects with an InputError. */
export async function expectSoundOrRefused(promise: Promise<Dataset>): Promise<void> {
  try {
    expectSound(await promise);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

export function expectSound(dataset: Dataset): void {
  expect(dataset.classes.length).toBeGreaterThanOrEqual(2);
  for (const split of [dataset.train, dataset.test]) {
    expect(split.count).toBeGreaterThan(0);
    expect(split.images.length).toBe(split.count * pixelsOf(dataset.shape));
    expect(split.labels.length).toBe(split.count);
    expect(Math.max(...split.labels)).toBeLessThan(dataset.classes.length);
  }
}

/** Numbers 0 … 255 that look random but are always the same. */
export const bytesOf = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24);

/** A small split of grey images, its labels counting through the classes. */
export const greySplit = (count: number, height: number, width: number, classes = 3): Split => ({
  count,
  images: bytesOf(count * height * width),
  labels: Uint16Array.from({ length: count }, (_, i) => i % classes),
});

export interface Naming {
  /** What stands before `idx`. */
  readonly mark?: '-' | '.';
  readonly gz?: boolean;
}

/** The four files of a data set in IDX format. */
export function idxFiles(
  train: Split,
  test: Split,
  size: readonly [height: number, width: number],
  { mark = '-', gz = false }: Naming = {},
): Record<string, Uint8Array> {
  const pack = (bytes: Uint8Array): Uint8Array => (gz ? gzipSync(bytes) : bytes);
  const splits = { train, t10k: test };
  return Object.fromEntries(
    Object.entries(splits).flatMap(([name, split]) => [
      [
        `${name}-images${mark}idx3-ubyte${gz ? '.gz' : ''}`,
        pack(encodeIdx({ sizes: [split.count, ...size], elements: split.images })),
      ],
      [
        `${name}-labels${mark}idx1-ubyte${gz ? '.gz' : ''}`,
        pack(encodeIdx({ sizes: [split.count], elements: Uint8Array.from(split.labels) })),
      ],
    ]),
  );
}

/** One way to damage a file. */
type Damage = (bytes: Uint8Array) => Uint8Array;

/** Truncations, appended bytes, changed bytes and wholly random content. */
export const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map(
    (part): Damage =>
      (bytes) =>
        bytes.slice(0, part * bytes.length),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(
    (tail): Damage =>
      (bytes) =>
        Buffer.concat([bytes, tail]),
  ),
  fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(255)), { minLength: 1, maxLength: 8 }).map(
    (changes): Damage =>
      (bytes) =>
        changed(bytes, changes),
  ),
  // Headers are where damage does most.
  fc.array(fc.tuple(fc.nat(31), fc.nat(255)), { minLength: 1, maxLength: 4 }).map(
    (changes): Damage =>
      (bytes) =>
        changed(bytes, changes),
  ),
  fc.uint8Array({ maxLength: 200 }).map(
    (content): Damage =>
      () =>
        content,
  ),
);

function changed(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value;
  return copy;
}

/** Damaged copies of one or more of the files. */
export const damaged = (
  files: Readonly<Record<string, Uint8Array>>,
): fc.Arbitrary<Record<string, Uint8Array>> =>
  fc
    .array(fc.tuple(fc.constantFrom(...Object.keys(files)), damages), { minLength: 1, maxLength: 3 })
    .map((choices) => {
      const result: Record<string, Uint8Array> = { ...files };
      for (const [name, damage] of choices) result[name] = damage(result[name] as Uint8Array);
      return result;
    });
