/**
 * What a model has done so far: plain sums, of which the statistics endpoint and the metrics are two views. Durations
 * are milliseconds.
 */

import { ProtocolError } from './protocol/errors.ts';

/** Why a request failed, in Triton's words: refused or timed out, given up by the client, by the model, anything else. */
export type FailureReason = 'REJECTED' | 'CANCELED' | 'BACKEND' | 'OTHER';

const reasons: Readonly<Record<number, FailureReason>> = { 499: 'CANCELED', 500: 'BACKEND', 503: 'REJECTED' };

/** The reason by what is answered to the error. */
export const failureReasonOf = (error: unknown): FailureReason =>
  (error instanceof ProtocolError ? reasons[error.status] : undefined) ?? 'OTHER';

/** What a run spends its time with: joining the inputs, the model itself, dividing the outputs. */
export interface RunPhases {
  readonly input: number;
  readonly infer: number;
  readonly output: number;
}

/** What a request spends its time with. */
export interface Phases extends RunPhases {
  readonly queue: number;
}

/** Is told what happens. */
export interface Observer {
  /** The model has run once, on a batch of so many rows. */
  executed(rows: number, phases: RunPhases): void;
  succeeded(rows: number, duration: number, phases: Phases): void;
  failed(reason: FailureReason, duration: number): void;
}

export interface Total {
  count: number;
  milliseconds: number;
}

export type PhaseName = keyof Phases;
const phaseNames = ['queue', 'input', 'infer', 'output'] as const satisfies readonly PhaseName[];
const runPhaseNames = ['input', 'infer', 'output'] as const satisfies readonly (keyof RunPhases)[];
const failureReasons = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const;

/** The sums of one version of a model. */
export interface Statistics extends Observer {
  /** When the last inference ended, milliseconds since 1970; 0: there was none. */
  readonly lastInference: number;
  /** Rows that were inferred. */
  readonly inferences: number;
  /** Runs of the model. */
  readonly executions: number;
  readonly success: Readonly<Total>;
  readonly failures: Readonly<Record<FailureReason, Readonly<Total>>>;
  readonly phases: Readonly<Record<PhaseName, Readonly<Total>>>;
  /** Runs by the rows of their batch. */
  readonly batches: ReadonlyMap<number, Readonly<Record<keyof RunPhases, Readonly<Total>>>>;
}

const totals = <Name extends string>(names: readonly Name[]): Record<Name, Total> =>
  Object.fromEntries(names.map((name) => [name, { count: 0, milliseconds: 0 }])) as Record<Name, Total>;

const count = (total: Total, milliseconds: number): void => {
  total.count += 1;
  total.milliseconds += milliseconds;
};

export function createStatistics(now: () => number = Date.now): Statistics {
  const success = { count: 0, milliseconds: 0 };
  const failures = totals(failureReasons);
  const phases = totals(phaseNames);
  const batches = new Map<number, Record<keyof RunPhases, Total>>();
  let [lastInference, inferences, executions] = [0, 0, 0];
  return {
    get lastInference() {
      return lastInference;
    },
    get inferences() {
      return inferences;
    },
    get executions() {
      return executions;
    },
    success,
    failures,
    phases,
    batches,
    executed(rows, run) {
      executions += 1;
      const batch = batches.get(rows) ?? totals(runPhaseNames);
      batches.set(rows, batch);
      for (const name of runPhaseNames) count(batch[name], run[name]);
    },
    succeeded(rows, duration, request) {
      lastInference = now();
      inferences += rows;
      count(success, duration);
      for (const name of phaseNames) count(phases[name], request[name]);
    },
    failed(reason, duration) {
      count(failures[reason], duration);
    },
  };
}
