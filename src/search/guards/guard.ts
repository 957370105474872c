/** Guards: what ends a search before its architecture collapses. Pure functions of what the epochs so far recorded. */

/** What guards look at of an epoch at its end. */
export interface WatchedEpoch {
  /** From 0. */
  readonly epoch: number;
  /** Skip connections in the normal cell of the genotype. */
  readonly skips: number;
  /** The dominant eigenvalue of ∇²_α L_val, where it is measured. */
  readonly eigenvalue?: number;
}

/** The search ends. */
export interface Stop {
  /** For people. */
  readonly reason: string;
  /** The epoch, of those that were looked at, whose architecture is the result. */
  readonly take: number;
}

/**
 * The verdict after the last of some epochs, in order; undefined: go on.
 *
 * @param epochs those in which α was learned, the last of them just done
 */
export type Guard = (epochs: readonly WatchedEpoch[]) => Stop | undefined;
