/**
 * Compares the genotypes of several searches and keeps the best (Liu et al. 2019, section 3.1.2: "we run DARTS four
 * times with different random seeds and pick the best cell based on its validation performance obtained by training
 * from scratch for a short period").
 */
import { existsSync } from 'node:fs';
import { type Dataset, holdOut } from '../../data/index.ts';
import { FailureError, InputError } from '../../errors.ts';
import { random } from '../../random.ts';
import type { Candidate } from '../../runs/config-fields.ts';
import { requireWritable, writeWhole } from '../../runs/files.ts';
import {
  candidateFolder,
  configFile,
  genotypeFile,
  resultFile,
  seedFolder,
  seedsFrom,
  selectionFolder,
} from '../../runs/layout.ts';
import { divergenceOf, hasCheckpoint, hasConfig, readMetrics, writeConfig } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { genotypeToJson, readGenotype } from '../../search/genotype-file.ts';
import { parseGenotype } from '../../search/genotype-text.ts';
import { formatSpread, type Spread, spreadOf } from '../../spread.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { percent, say, shellWord } from '../output.ts';
import { inheritedData, isSweep, withFixedData } from '../places.ts';
import { readSelectConfig, readSweepConfig, resumedOptions } from '../run-config.ts';
import type { Place, SelectOptions } from '../run-options.ts';
import { changeableNames, imagesField, resumeImages } from '../same-images.ts';
import { openDataset, openEngine } from '../setting.ts';
import { unlessDiverged } from './diverging.ts';
import { retrainInFolder } from './retrain.ts';

export interface CandidateResult extends Candidate {
  /** Of its retrainings, on the held-out images, in [0, 1]. */
  readonly accuracy: Spread;
  /** By seed of the retraining. */
  readonly accuracies: readonly number[];
}

export interface SelectResult {
  readonly run: string;
  /** The first of the searches that found the selected genotype. */
  readonly seed: number;
  readonly genotype: string;
  /** Of the selected genotype's retrainings. */
  readonly accuracy: Spread;
  /** Over the seeds of the search, each with the mean of its genotype: what a search is worth without selection. */
  readonly overSeeds: Spread;
  /** Training images that the accuracies were measured on. */
  readonly heldOut: number;
  /** The best first. */
  readonly candidates: readonly CandidateResult[];
  /** The genotypes that cannot be compared, as a retraining of theirs has diverged, with the reason. */
  readonly diverged?: readonly DivergedCandidate[];
}

interface DivergedCandidate extends Candidate {
  /** Of the retraining. */
  readonly run: string;
  readonly reason: string;
}

/** @throws Interruption where it was interrupted, FailureError where a retraining of each candidate has diverged */
export async function runSelect(
  run: string,
  defaults: SelectOptions,
  wanted: Partial<SelectOptions>,
  { resume, again }: Pick<Place, 'resume' | 'again'>,
  signal: AbortSignal,
): Promise<SelectResult> {
  const candidates = candidatesOf(run);
  const path = selectionFolder(run);
  const given = withFixedData(wanted);
  // The test images are not for comparing.
  const { testLimit: _unused, ...data } = inheritedData(run);
  const options = resume
    ? resumedOptions(ownOptions(path, candidates), given, changeableNames(path), path)
    : { ...defaults, ...data, ...given };
  if (!resume && hasConfig(path)) {
    throw new InputError(
      `${path} holds a selection already; continue it with --resume, or remove the folder to select anew`,
    );
  }
  requireWritable(configFile(path));
  const engine = await openEngine(options);
  const images = await openDataset(options);
  if (resume) resumeImages(path, images, options.data);
  else writeConfig(path, { command: 'select', version, options, candidates, ...imagesField(images) });
  const dataset = comparable(images, options);
  const retrainSeeds = seedsFrom(options.seed, options.seeds);
  // All candidates with one seed before the next, so that what is there of a selection under way is comparable.
  const todo = retrainSeeds.flatMap((seed) => candidates.map((candidate) => ({ seed, candidate })));
  for (const [i, { seed, candidate }] of todo.entries()) {
    const folder = retrainingFolder(run, candidate, seed);
    if (finalAccuracy(folder, options.epochs) !== undefined) continue;
    const lost = divergenceIn(run, candidate, retrainSeeds);
    // What cannot be compared any more need not be trained with the other seeds.
    if (lost && lost.run !== folder) continue;
    const { seeds: _count, trainPortion: _part, ...rest } = options;
    const what = `what seed ${candidate.seeds[0]} found, with seed ${seed}`;
    await unlessDiverged(folder, what, () => {
      say(`retraining ${i + 1} of ${todo.length}: ${what}`);
      return retrainInFolder(
        parseGenotype(candidate.genotype),
        // Only the last accuracy counts.
        { ...rest, seed, evaluateEvery: options.epochs },
        { out: folder, resume: hasCheckpoint(folder), again },
        signal,
        { engine, dataset },
      );
    });
    if (signal.aborted && i < todo.length - 1) throw new Interruption(again);
  }
  const result = resultOf(run, candidates, retrainSeeds, options.epochs, dataset.test.count);
  writeWhole(resultFile(path), `${JSON.stringify(result, null, 2)}\n`);
  writeWhole(genotypeFile(run), genotypeToJson(parseGenotype(result.genotype)));
  say(
    `selected seed ${result.seed}: ${formatSpread(result.accuracy, percent)} on ${result.heldOut} held-out images; ` +
      `train it with: nas retrain ${shellWord(run)}`,
  );
  return result;
}

/** The distinct genotypes of the searches, in the order of the seeds. InputError where a search can go on. */
function candidatesOf(run: string): Candidate[] {
  if (hasConfig(run) && !isSweep(run)) {
    throw new InputError(
      `${run} is a single search: there is nothing to select from; train what it has found with ` +
        `nas retrain ${shellWord(run)}, or search with --seeds`,
    );
  }
  const { options, seeds } = readSweepConfig(run);
  const byGenotype = new Map<string, number[]>();
  for (const seed of seedsFrom(options.seed, seeds)) {
    const folder = seedFolder(run, seed);
    const file = genotypeFile(folder);
    if (divergenceOf(folder) !== undefined) {
      say(`without seed ${seed}, which has diverged`);
      continue;
    }
    if (!existsSync(file)) {
      throw new InputError(
        `the search with seed ${seed} has not finished: continue with nas search --out ${shellWord(run)} --resume`,
      );
    }
    const text = formatGenotype(readGenotype(file));
    byGenotype.set(text, [...(byGenotype.get(text) ?? []), seed]);
  }
  if (byGenotype.size === 0) {
    throw new InputError(`all searches in ${run} have diverged: there is nothing to select from`);
  }
  return [...byGenotype].map(([genotype, found]) => ({ seeds: found, genotype }));
}

/** The options of the selection in a folder, which must be of these candidates. */
function ownOptions(path: string, candidates: readonly Candidate[]): SelectOptions {
  const config = readSelectConfig(path);
  if (JSON.stringify(config.candidates) === JSON.stringify(candidates)) return config.options;
  throw new InputError(
    `the selection in ${path} is of other genotypes than those that the searches have found; remove the folder to select anew`,
  );
}

/** The test images are for the network that is selected: comparing on them would make its accuracy too good. */
const comparable = (dataset: Dataset, { trainPortion, seed }: SelectOptions): Dataset =>
  holdOut(dataset, trainPortion, random(seed, 'held-out'));

/** Where a candidate is retrained with a seed: under the first of the seeds that found it. */
const retrainingFolder = (run: string, { seeds: [first = 0] }: Candidate, seed: number): string =>
  candidateFolder(run, first, seed);

/** The accuracy after the last epoch; undefined before that. */
function finalAccuracy(folder: string, epochs: number): number | undefined {
  const accuracy = readMetrics(folder)[epochs - 1]?.testAccuracy;
  return typeof accuracy === 'number' ? accuracy : undefined;
}

/** The retraining of a candidate that has diverged, if one has. */
function divergenceIn(
  run: string,
  candidate: Candidate,
  retrainSeeds: readonly number[],
): DivergedCandidate | undefined {
  for (const seed of retrainSeeds) {
    const folder = retrainingFolder(run, candidate, seed);
    const reason = divergenceOf(folder);
    if (reason !== undefined) return { ...candidate, run: folder, reason };
  }
  return undefined;
}

function resultOf(
  run: string,
  candidates: readonly Candidate[],
  retrainSeeds: readonly number[],
  epochs: number,
  heldOut: number,
): SelectResult {
  const diverged = candidates.flatMap((candidate) => divergenceIn(run, candidate, retrainSeeds) ?? []);
  const measurable = candidates.filter(({ genotype }) =>
    diverged.every((other) => other.genotype !== genotype),
  );
  const measured = measurable.map((candidate): CandidateResult => {
    const accuracies = retrainSeeds.flatMap(
      (seed) => finalAccuracy(retrainingFolder(run, candidate, seed), epochs) ?? [],
    );
    const { seeds, genotype } = candidate;
    return { seeds, accuracy: spread(accuracies), accuracies, genotype };
  });
  // Of equals the one of the lowest seed stays first.
  const ranked = [...measured].sort((a, b) => b.accuracy.mean - a.accuracy.mean);
  const [best] = ranked;
  if (!best) {
    const [lost] = diverged;
    throw new FailureError(
      `a retraining of every candidate has diverged: there is nothing to select; ${lost?.run}: ${lost?.reason}`,
    );
  }
  const { seeds, genotype, accuracy } = best;
  const overSeeds = spread(measured.flatMap((one) => one.seeds.map(() => one.accuracy.mean)));
  return {
    run,
    seed: seeds[0] ?? 0,
    genotype,
    accuracy,
    overSeeds,
    heldOut,
    candidates: ranked,
    ...(diverged.length > 0 && { diverged }),
  };
}

function spread(values: readonly number[]): Spread {
  const found = spreadOf(values);
  if (!found) throw new Error('nothing was measured');
  return found;
}
