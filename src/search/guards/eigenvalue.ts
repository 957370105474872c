/**
 * Stops when α moves into a sharp minimum: the dominant eigenvalue of ∇²_α L_val, averaged over a window, has grown by
 * a factor within a window's length. RobustDARTS (Zela et al. 2020, arXiv 1909.09656, section 5; automl/RobustDARTS,
 * EVLocalAvg).
 */
import type { Guard, WatchedEpoch } from './guard.ts';

export interface EigenvalueOptions {
  /** Epochs that are averaged over; 5. */
  readonly window: number;
  /** How much the average may grow; 1.3. */
  readonly ratio: number;
  /** The first epoch, from 0, that may be returned to; 10. */
  readonly start: number;
}

/** Epochs between the windows that are compared. */
const shift = (window: number): number => Math.max(1, window - 1);

/** Epochs between the last one and the centre of the earlier window. */
const reach = (window: number): number => shift(window) + Math.floor(window / 2);

/**
 * Of epoch e, the averages of the windows that end at e and at e − (window − 1) are compared: with a window of 5 they
 * are centred at e − 2 and e − 6. Where the later one is too large, the architecture of the earlier one's centre is taken.
 */
export const eigenvalueGuard =
  ({ window, ratio, start }: EigenvalueOptions): Guard =>
  (epochs) => {
    const last = epochs.at(-1);
    if (!last) return undefined;
    const before = last.epoch - shift(window);
    const take = last.epoch - reach(window);
    if (take < Math.max(start, epochs[0]?.epoch ?? 0)) return undefined;
    const [now, then] = [averageUntil(epochs, last.epoch, window), averageUntil(epochs, before, window)];
    // Below 0 nothing is sharp, and a ratio means nothing.
    if (!(then > 0 && now > ratio * then)) return undefined;
    const growth = (now / then).toFixed(2);
    return { reason: `the dominant eigenvalue has grown to ${growth} times what it was`, take };
  };

/** The fewest epochs of a search in which it can act, α being frozen in the first. */
export const leastEpochs = (
  { window, start }: Pick<EigenvalueOptions, 'window' | 'start'>,
  alphaWarmUp: number,
): number => Math.max(start, alphaWarmUp) + reach(window) + 1;

/** The mean eigenvalue of the last `window` epochs until `end`, or of those of them that there are. */
function averageUntil(epochs: readonly WatchedEpoch[], end: number, window: number): number {
  const values = epochs
    .filter(({ epoch }) => epoch <= end && epoch > end - window)
    .map(({ eigenvalue = Number.NaN }) => eigenvalue);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
