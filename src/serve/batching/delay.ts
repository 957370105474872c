/**
 * How long a batch that is not full waits for company. A wait of w milliseconds costs each of the n rows that wait w;
 * it saves the fixed part of a run. Times are milliseconds.
 */

import type { DueTime } from './batcher.ts';

/** What the scheduler tells of the traffic. */
export interface DelayPolicy {
  /** When a batch is to run although it is not full. */
  readonly dueAt: DueTime;
  /** A request has come; `others` were there already, waiting or running. */
  arrived(now: number, others: number): void;
  /** A run of so many rows for so many requests has ended after so long. */
  ran(now: number, rows: number, requests: number, duration: number): void;
}

const atOnce = Number.NEGATIVE_INFINITY;

/**
 * The oldest request of a batch waits at most `delay`. A request that is alone, with no other there now or within
 * the last `delay`, does not wait at all: nobody would join it.
 */
export function fixedDelay(delay: number): DelayPolicy {
  let crowded = atOnce;
  let alone = true;
  return {
    dueAt: (_rows, oldest) => (alone ? atOnce : oldest + delay),
    arrived(now, others) {
      if (others > 0) crowded = now;
      alone = now - crowded > delay;
    },
    ran(now, _rows, requests) {
      if (requests > 1) crowded = now;
    },
  };
}

/** Runs whatever is there as soon as there is something to run it. */
export const noDelay: DelayPolicy = { dueAt: () => atOnce, arrived: () => {}, ran: () => {} };

/**
 * Fits the run's latency to a·n + b and the rate of arrivals, and waits as long as that pays: while another request
 * is to be expected before the wait of those that are there has cost more than b, what a run of its own would take.
 *
 * @param longest the longest wait
 */
export function adaptiveDelay(longest: number): DelayPolicy {
  const fit = createLatencyFit();
  let lastArrival = atOnce;
  let gap = Number.POSITIVE_INFINITY;
  let lastRun = atOnce;
  return {
    dueAt(rows, oldest) {
      const wait = Math.min(longest, fit.fixed() / rows);
      return gap <= wait ? Math.max(oldest, lastRun) + wait : atOnce;
    },
    arrived(now) {
      // A pause says that the traffic was away, not that its gaps are as long.
      const elapsed = Math.min(now - lastArrival, 8 * longest);
      lastArrival = now;
      gap = Number.isFinite(gap) ? gap + (elapsed - gap) / gapMemory : elapsed;
    },
    ran(now, rows, _requests, duration) {
      lastRun = now;
      fit.add(rows, duration);
    },
  };
}

/** The mean gap between arrivals forgets half of what it was in some 11 arrivals. */
const gapMemory = 16;

export interface LatencyFit {
  add(rows: number, milliseconds: number): void;
  /** b: milliseconds of a run without rows, from 0. 0 until runs of different sizes were seen. */
  fixed(): number;
}

/** Least squares of latency = a·n + b, older runs weighing less and less. */
export function createLatencyFit(memory = 0.98): LatencyFit {
  let [weight, n, t, nn, nt] = [0, 0, 0, 0, 0];
  const spread = (): number => weight * nn - n * n;
  /** a: milliseconds that each row adds; NaN until runs of different sizes were seen. */
  const perRow = (): number =>
    spread() > 1e-9 * weight * nn ? (weight * nt - n * t) / spread() : Number.NaN;
  return {
    add(rows, milliseconds) {
      weight = weight * memory + 1;
      n = n * memory + rows;
      t = t * memory + milliseconds;
      nn = nn * memory + rows * rows;
      nt = nt * memory + rows * milliseconds;
    },
    fixed() {
      const slope = perRow();
      return Number.isNaN(slope) ? 0 : Math.max(0, (t - slope * n) / weight);
    },
  };
}
