/** Contestants in strict turn: in each round each does every step once, never both at a time. */
import { FailureError } from '../../src/errors.ts';
import type { Timed } from './answer.ts';
import type { Contestant } from './contestant.ts';
import { pause } from './pause.ts';
import { type Ratio, ratio, type Sampled, sampled } from './statistics.ts';

export interface Rounds {
  /** Counted ones. */
  readonly rounds: number;
  /** Those before them. */
  readonly warmup: number;
}

/** What a contestant says when it is prepared. */
export interface Prepared {
  readonly parameters: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Score {
  readonly name: string;
  readonly prepared: Prepared;
  /** By step; the warm-up's come first. */
  readonly steps: Readonly<Record<string, readonly Timed[]>>;
}

/** Ours and a peer's. */
export type Match = readonly [Score, Score];

/** Threads that wait for work after a step spin for some milliseconds: not at the other's expense. */
const settle = 50;

export async function play<const Players extends readonly Contestant[]>(
  contestants: Players,
  problem: object,
  steps: readonly string[],
  { rounds, warmup }: Rounds,
): Promise<{ [Player in keyof Players]: Score }> {
  const begin = async ({ name, ask }: Contestant) => {
    process.stderr.write(`preparing ${name}\n`);
    const prepared = await ask<Prepared>('prepare', problem);
    return { name, prepared, ask, steps: Object.fromEntries(steps.map((step) => [step, [] as Timed[]])) };
  };
  const players: Awaited<ReturnType<typeof begin>>[] = [];
  for (const contestant of contestants) players.push(await begin(contestant));
  for (let round = 0; round < warmup + rounds; round++) {
    const line: string[] = [];
    for (const { name, ask, steps: timings } of players) {
      for (const [step, timed] of Object.entries(timings)) {
        await pause(settle);
        const time = await ask<Timed>(step);
        timed.push(time);
        line.push(`${name} ${step} ${time.milliseconds.toFixed(0)}`);
      }
    }
    const label = round < warmup ? 'warm-up' : `round ${round - warmup + 1}/${rounds}`;
    process.stderr.write(`${label}: ${line.join(', ')} ms\n`);
  }
  const scores = players.map(({ name, prepared, steps: timings }) => ({ name, prepared, steps: timings }));
  return scores as unknown as { [Player in keyof Players]: Score };
}

/** How far two contestants do the same. */
export interface Agreement {
  readonly parameters: number;
  /** The largest relative difference of the losses at the first of each step, from the same weights. */
  readonly first: number;
  /** The same over all steps. */
  readonly later: number;
  /** Relative differences by step, in order. */
  readonly differences: Readonly<Record<string, readonly number[]>>;
}

/**
 * @param tolerance first losses may differ by this much, relatively
 * @throws FailureError where the peer has another number of parameters, or another loss from the same weights
 */
export function requireAgreement([ours, theirs]: Match, tolerance = 1e-4): Agreement {
  const { parameters } = ours.prepared;
  if (theirs.prepared.parameters !== parameters) {
    throw new FailureError(
      `${theirs.name} has ${theirs.prepared.parameters} parameters, ${ours.name} ${parameters}: not the same network`,
    );
  }
  const differences = Object.fromEntries(
    Object.entries(theirs.steps).map(([step, timed]) => {
      const expected = ours.steps[step] as readonly Timed[];
      return [step, timed.map(({ loss }, i) => Math.abs(loss / (expected[i] as Timed).loss - 1))];
    }),
  );
  const each = Object.values(differences);
  const first = Math.max(...each.map(([difference]) => difference as number));
  if (!(first <= tolerance)) {
    throw new FailureError(
      `from the same weights and batch ${theirs.name}'s loss differs from ${ours.name}'s by ${first} (allowed ${tolerance})`,
    );
  }
  return { parameters, first, later: Math.max(...each.flat()), differences };
}

export interface Comparison {
  readonly ours: Sampled;
  readonly theirs: Sampled;
  /** Of their time to ours. */
  readonly ratio: Ratio;
}

/** Milliseconds in the counted rounds, of some steps together. */
export const timesOf = (
  { steps: all }: Score,
  steps: readonly string[],
  { rounds, warmup }: Rounds,
): number[] =>
  Array.from({ length: rounds }, (_, round) =>
    steps.reduce((sum, step) => sum + (all[step]?.[warmup + round]?.milliseconds ?? Number.NaN), 0),
  );

/** The same of both sides. */
export function compare(match: Match, steps: readonly string[], rounds: Rounds): Comparison {
  const [ours, theirs] = match.map((score) => timesOf(score, steps, rounds)) as [number[], number[]];
  return { ours: sampled(ours), theirs: sampled(theirs), ratio: ratio(theirs, ours) };
}
