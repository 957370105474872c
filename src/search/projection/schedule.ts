/** When choices are made and weights tuned: a round of choices, some epochs of tuning, the next round, …, the last. */
import type { Round } from './plan.ts';

export interface Schedule {
  /** Rounds and epochs of tuning together. */
  readonly epochs: number;
  /** Epochs of tuning. */
  readonly tuning: number;
  /** What an epoch from 0 is: a round of choices, or the tuning epoch of a number from 0. */
  at(epoch: number): { readonly round: Round } | { readonly tuning: number };
}

export function scheduleOf(rounds: readonly Round[], tuneEpochs: number): Schedule {
  const tuning = tuneEpochs * Math.max(0, rounds.length - 1);
  return {
    epochs: rounds.length + tuning,
    tuning,
    at: (epoch) => {
      const index = Math.floor(epoch / (tuneEpochs + 1));
      const within = epoch % (tuneEpochs + 1);
      return within === 0 ? { round: rounds[index] as Round } : { tuning: index * tuneEpochs + within - 1 };
    },
  };
}

/** Which candidate of which choice a step of a round evaluates, on which batch. */
export interface Trial {
  readonly choice: number;
  readonly candidate: number;
  readonly batch: number;
  /** Where the scores of the choice's candidates begin among those of the round. */
  readonly offset: number;
}

/** Steps of a round: each candidate on each batch. */
export const trialCount = (round: Round, batches: number): number =>
  round.reduce((sum, { candidates }) => sum + candidates.length, 0) * batches;

export function trialAt(round: Round, batches: number, step: number): Trial {
  let offset = 0;
  for (const [choice, { candidates }] of round.entries()) {
    const candidate = Math.floor(step / batches) - offset;
    if (candidate < candidates.length) return { choice, candidate, batch: step % batches, offset };
    offset += candidates.length;
  }
  throw new Error(`the round has no step ${step}`);
}
