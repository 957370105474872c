/**
 * How many sessions a model has and how many threads each of them: as configured, else by what the model itself shows.
 * Sessions side by side, one a core, answer most requests a second, as threads that share one run wait for one another;
 * but a run that all cores share is over sooner, which a lone request of a large model would notice. So there may be one of
 * either kind.
 */

import { median } from '../../spread.ts';
import type { Instance } from '../workers/instance.ts';
import type { ModelConfig } from './config.ts';

export interface Placement {
  readonly instances: number;
  /** Of each instance. */
  readonly threads: number;
  /** Of one instance more, for requests that come one by one; absent where there is none. */
  readonly loneThreads?: number;
}

export interface MeasuredPlacement extends Placement {
  /** An instance of that kind, which was opened to measure it. */
  readonly first?: Instance;
  /** The one with {@link Placement.loneThreads}. */
  readonly lone?: Instance;
}

/** Opens an instance with so many threads, ready to run at full speed. */
export type OpenWith = (threads: number) => Promise<Instance>;

/** Milliseconds of a lone run; undefined where the model does not show it. */
export type TimeRun = (instance: Instance) => Promise<number | undefined>;

/** Milliseconds that a lone request may take longer so that more are answered in all. */
const worthwhile = 1;

/** Milliseconds that a lone request must gain from all cores for an instance of their own, which takes memory. */
const noticeable = 0.25;

/** How often one core and all of them take turns when they are timed. */
const turns = 5;

/** Milliseconds of a run on all cores from which one core is not even tried: it could not come near. */
const surelyShared = 10;

/** As the configuration says; undefined where it says nothing. Unless it says how many, threads are one a core in all. */
export function configuredPlacement(
  { device, instances, threads }: Pick<ModelConfig, 'device' | 'instances' | 'threads'>,
  cores: number,
): Placement | undefined {
  if (instances === undefined && threads === undefined && device === 'cpu' && cores > 1) return undefined;
  const count = instances ?? 1;
  return { instances: count, threads: threads ?? Math.max(1, Math.floor(cores / count)) };
}

/**
 * One instance a core with one thread each, if a lone run then takes hardly longer than on all cores, and one with all of
 * them where it takes noticeably longer; else only that one.
 */
export async function measuredPlacement(
  cores: number,
  open: OpenWith,
  time: TimeRun,
): Promise<MeasuredPlacement> {
  const wide = await open(cores);
  const shared = { instances: 1, threads: cores, first: wide };
  const together = await time(wide);
  if (together === undefined || together > surelyShared) return shared;
  const narrow = await open(1).catch(async (error: unknown) => {
    await wide.close();
    throw error;
  });
  // At best, all cores are so many times as fast as one.
  const most = (cores - 1) * together;
  const slower = most < noticeable ? most : await slowdown(narrow, wide, time);
  if (slower === undefined || slower > worthwhile) {
    await narrow.close();
    return shared;
  }
  const side = { instances: cores, threads: 1, first: narrow };
  if (slower >= noticeable) return { ...side, loneThreads: cores, lone: wide };
  await wide.close();
  return side;
}

/** Milliseconds that a run takes longer on one core: the median of turns, as the machine may be busy with others in some. */
async function slowdown(narrow: Instance, wide: Instance, time: TimeRun): Promise<number | undefined> {
  const differences: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const [alone, together] = [await time(narrow), await time(wide)];
    if (alone === undefined || together === undefined) return undefined;
    differences.push(alone - together);
  }
  return median(differences);
}
