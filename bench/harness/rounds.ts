/** Contestants in strict turn: in each round everyone does every step once, never two at a time. */
import { FailureError } from '../../src/errors.ts';
import type { Timed } from './answer.ts';
import type { Contestant } from './contestant.ts';
import { type Ratio, ratio, type Summary, summary } from './statistics.ts';

export interface Rounds {
  readonly rounds: number;
  readonly warmup: number;
}

/** What a contestant says when it is prepared. */
export interface Prepared {
  readonly parameters: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Measured {
  readonly prepared: Prepared;
  /** By step; the warm-up's come first. */
  readonly steps: Readonly<Record<string, readonly Timed[]>>;
}

/** After a step, threads that wait for work spin for some milliseconds: not at the next one's expense. */
const settle = 50;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** By contestant's name. */
export async function measure(
  contestants: readonly Contestant[],
  problem: object,
  steps: readonly string[],
  { rounds, warmup }: Rounds,
): Promise<Map<string, Measured>> {
  const measured = new Map<string, { prepared: Prepared; steps: Record<string, Timed[]> }>();
  for (const { name, ask } of contestants) {
    process.stderr.write(`preparing ${name}\n`);
    const prepared = await ask<Prepared>('prepare', problem);
    measured.set(name, { prepared, steps: Object.fromEntries(steps.map((step) => [step, []])) });
  }
  for (let round = 0; round < warmup + rounds; round++) {
    const line: string[] = [];
    for (const { name, ask } of contestants) {
      for (const step of steps) {
        await pause(settle);
        const timed = await ask<Timed>(step);
        measured.get(name)?.steps[step]?.push(timed);
        line.push(`${name} ${step} ${timed.milliseconds.toFixed(0)}`);
      }
    }
    const label = round < warmup ? 'warm-up' : `round ${round - warmup + 1}/${rounds}`;
    process.stderr.write(`${label}: ${line.join(', ')} ms\n`);
  }
  return measured;
}

/** The first contestant, ours, against each other one. */
export interface Agreement {
  readonly parameters: number;
  /** Largest relative differences of a loss: at the first of each step, from the same weights; and at any later one. */
  readonly first: number;
  readonly later: number;
}

/** First losses may differ by this much, relatively. */
const tolerance = 1e-4;

/** @throws FailureError where a peer has another number of parameters, or computes another loss from the same weights */
export function requireAgreement(measured: ReadonlyMap<string, Measured>): Record<string, Agreement> {
  const [[ourName, ours], ...peers] = [...measured] as [[string, Measured], ...[string, Measured][]];
  const agreement = ([name, { prepared, steps }]: [string, Measured]): [string, Agreement] => {
    const { parameters } = prepared;
    if (parameters !== ours.prepared.parameters) {
      throw new FailureError(
        `${name} has ${parameters} parameters, ${ourName} ${ours.prepared.parameters}: not the same network`,
      );
    }
    const differences = Object.entries(steps).map(([step, timed]) =>
      timed.map(({ loss }, i) => {
        const expected = ours.steps[step]?.[i]?.loss as number;
        return Math.abs(loss - expected) / Math.abs(expected);
      }),
    );
    const first = Math.max(...differences.map(([difference]) => difference as number));
    const later = Math.max(...differences.flat());
    if (!(first <= tolerance)) {
      throw new FailureError(
        `from the same weights and batch ${name}'s loss differs from ${ourName}'s by ${first} (allowed ${tolerance})`,
      );
    }
    return [name, { parameters, first, later }];
  };
  return Object.fromEntries(peers.map(agreement));
}

export interface Comparison {
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly summaries: Readonly<Record<string, Summary>>;
  /** Each peer's time to ours. */
  readonly ratios: Readonly<Record<string, Ratio>>;
}

/** Milliseconds of contestants in the counted rounds, the first one ours; `steps` are added up in each round. */
export function compare(
  measured: ReadonlyMap<string, Measured>,
  steps: readonly string[],
  { rounds, warmup }: Rounds,
): Comparison {
  const samples = Object.fromEntries(
    [...measured].map(([name, { steps: all }]) => [
      name,
      Array.from({ length: rounds }, (_, round) =>
        steps.reduce((sum, step) => sum + (all[step]?.[warmup + round]?.milliseconds ?? Number.NaN), 0),
      ),
    ]),
  );
  const [ours, ...peers] = Object.entries(samples) as [[string, number[]], ...[string, number[]][]];
  return {
    samples,
    summaries: Object.fromEntries(Object.entries(samples).map(([name, times]) => [name, summary(times)])),
    ratios: Object.fromEntries(peers.map(([name, times]) => [name, ratio(times, ours[1])])),
  };
}
