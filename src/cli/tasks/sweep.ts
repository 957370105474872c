/** Runs a search with each of several seeds, one after the other, each in a folder of its own. */
import { existsSync } from 'node:fs';
import { stopOf, validationAccuracies } from '../../comparison/history.ts';
import { FailureError, InputError } from '../../errors.ts';
import { requireWritable } from '../../runs/files.ts';
import { configFile, genotypeFile, seedFolder, seedsFrom } from '../../runs/layout.ts';
import { divergenceOf, hasCheckpoint, hasConfig, readMetrics, writeConfig } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { readGenotype } from '../../search/genotype-file.ts';
import { type Spread, spreadOf } from '../../spread.ts';
import { Interruption } from '../interruption.ts';
import { say, shellWord } from '../output.ts';
import { isSweep } from '../places.ts';
import { readSweepConfig, type SweepConfig } from '../run-config.ts';
import type { AnySearchOptions, GivenSearchOptions, Place } from '../run-options.ts';
import { unlessDiverged } from './diverging.ts';
import { configOf, newPlan, openTools, resumedPlan, searchInFolder, toolsFields } from './search.ts';

/** A finished search of several. */
export interface SeedResult {
  readonly seed: number;
  readonly run: string;
  /** Of the supernet after the last epoch, in [0, 1]; null where the search had no epochs. */
  readonly validationAccuracy: number | null;
  /** Why it ended before its last epoch, where a guard has ended it. */
  readonly stopped?: string;
  readonly genotype: string;
}

export interface SweepRun {
  readonly run: string;
  readonly validationAccuracy: Spread | null;
  readonly searches: readonly SeedResult[];
  /** The searches whose training has diverged, with the reason: they have found nothing. */
  readonly diverged?: readonly Divergence[];
}

interface Divergence {
  readonly seed: number;
  readonly run: string;
  readonly reason: string;
}

/**
 * @param count how many seeds; a sweep that is resumed has its own
 * @throws Interruption where it was interrupted, FailureError where all searches have diverged
 */
export async function runSweep(
  defaults: AnySearchOptions,
  wanted: GivenSearchOptions,
  count: number | undefined,
  { out, resume, again }: Place,
  signal: AbortSignal,
): Promise<SweepRun> {
  const kept = resume ? resumedSweep(out, count) : undefined;
  const plan = kept ? resumedPlan(kept.options, wanted, out) : newPlan(defaults, wanted);
  const { options } = plan;
  const seeds = kept?.seeds ?? count ?? 1;
  if (!resume) requireFree(out);
  const tools =
    options.method === 'random' ? undefined : await openTools(options, plan.opened, resume ? out : undefined);
  if (!resume) writeConfig(out, configOf('sweep', plan, { seeds, ...(tools && toolsFields(tools)) }));
  const all = seedsFrom(options.seed, seeds);
  for (const [i, seed] of all.entries()) {
    const folder = seedFolder(out, seed);
    if (existsSync(genotypeFile(folder))) {
      say(`seed ${seed} has finished`);
      continue;
    }
    await unlessDiverged(folder, `seed ${seed}`, () => {
      const place = { out: folder, resume: hasCheckpoint(folder), again };
      say(`search ${i + 1} of ${seeds}`);
      return searchInFolder({ ...plan, options: { ...options, seed } }, place, signal, tools);
    });
    // A search that was in its last step when it was interrupted ends as usual; the next one does not begin.
    if (signal.aborted && i < all.length - 1) throw new Interruption(again);
  }
  const diverged = all.flatMap((seed): Divergence[] => {
    const run = seedFolder(out, seed);
    const reason = divergenceOf(run);
    return reason === undefined ? [] : [{ seed, run, reason }];
  });
  if (diverged.length === seeds) {
    throw new FailureError(`all searches have diverged; seed ${options.seed}: ${diverged[0]?.reason}`);
  }
  const searches = all
    .filter((seed) => diverged.every((other) => other.seed !== seed))
    .map((seed) => resultOf(seed, seedFolder(out, seed)));
  const accuracies = searches.flatMap(({ validationAccuracy }) => validationAccuracy ?? []);
  say(`compare the genotypes with: nas select ${shellWord(out)}`);
  return {
    run: out,
    validationAccuracy: spreadOf(accuracies),
    searches,
    ...(diverged.length > 0 && { diverged }),
  };
}

function resultOf(seed: number, run: string): SeedResult {
  const file = genotypeFile(run);
  const genotype = formatGenotype(readGenotype(file));
  const records = readMetrics(run);
  const stopped = stopOf(records);
  return {
    seed,
    run,
    validationAccuracy: validationAccuracies(records).at(-1) ?? null,
    ...(stopped !== undefined && { stopped }),
    genotype,
  };
}

/** @throws InputError where the folder has a run already, which new ones would mix with */
function requireFree(out: string): void {
  if (hasCheckpoint(out) || hasConfig(out)) {
    throw new InputError(`${out} holds a run already; choose another --out, or continue it with --resume`);
  }
  requireWritable(configFile(out));
}

/** The configuration of the searches in a folder, which the number that is wanted now must not contradict. */
function resumedSweep(out: string, count: number | undefined): SweepConfig {
  if (!isSweep(out) && hasConfig(out)) {
    throw new InputError(`the run in ${out} is a single search; it cannot be resumed with --seeds ${count}`);
  }
  const config = readSweepConfig(out);
  if (count === undefined || count === config.seeds) return config;
  throw new InputError(
    `the searches in ${out} have --seeds ${config.seeds}; they cannot be resumed with ${count}`,
  );
}
