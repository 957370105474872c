/** The loop over epochs and steps that searching and retraining share: sums, progress, interruption, checkpoints. */
import { setImmediate } from 'node:timers/promises';
import { DivergenceError } from '../errors.ts';

/** Where a run stands: the next step to take. */
export interface Position {
  readonly epoch: number;
  readonly step: number;
}

/** Sums over the steps of an epoch, by metric; `count` is of images. */
export type Sums = Record<string, number>;

/** A step as it is shown to people. */
export interface StepReport extends Position {
  readonly epochs: number;
  readonly steps: number;
  readonly means: Readonly<Record<string, number>>;
  readonly stepsPerSecond: number;
  /** For the rest of the run, at the present rate. */
  readonly secondsLeft: number;
}

export interface Observer {
  onStep?(report: StepReport): void;
  /** @param epochs of the run as it is known then */
  onEpoch?(record: EpochRecord, epochs: number): void;
}

/** One line of `metrics.jsonl`. */
export interface EpochRecord {
  readonly epoch: number;
  readonly seconds: number;
  readonly [metric: string]: unknown;
}

/** What is recorded of an epoch besides its means. */
export interface EpochEnd {
  /** The reason why this was the last epoch, though not all are done; the run is finished. */
  readonly stopped?: string;
  readonly [metric: string]: unknown;
}

export interface EpochLoop {
  readonly epochs: number;
  readonly start: Position;
  /** The sums of the interrupted epoch that `start` lies in. */
  readonly sums: Sums;
  /** Steps in an epoch, or in each. */
  readonly steps: number | ((epoch: number) => number);
  /** Takes one step and returns what to add to the sums: metrics over its images, and their `count`. */
  step(position: Position): Promise<Sums>;
  /** Called when an epoch is complete; returns what its record says besides the means. */
  endEpoch(epoch: number): Promise<EpochEnd>;
  /** Saves the state: `position` is the next step, `sums` are those so far in its epoch, its seconds among them. */
  save(position: Position, sums: Sums, record?: EpochRecord): void;
  readonly signal?: AbortSignal | undefined;
  readonly observer?: Observer | undefined;
}

/** Sums divided by the count of images. */
export function meansOf({ count = 0, ...sums }: Sums): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(count, 1)]));
}

const add = (a: Sums, b: Sums): Sums => {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
};

/** @throws DivergenceError where a metric is not a number any more: the weights are lost, going on is pointless */
function requireFinite(metrics: Sums, { epoch, step }: Position): void {
  const lost = Object.keys(metrics).find((name) => !Number.isFinite(metrics[name]));
  if (lost === undefined) return;
  throw new DivergenceError(
    `the ${lost} of epoch ${epoch + 1}, step ${step + 1} is ${metrics[lost]}: the training has diverged; ` +
      'start again with a lower learning rate (the checkpoint of the epoch before is kept)',
  );
}

/** Steps from a position to the end. */
function stepsLeft({ epochs, steps }: EpochLoop, { epoch, step }: Position): number {
  if (typeof steps === 'number') return (epochs - epoch) * steps - step;
  let left = -step;
  for (let e = epoch; e < epochs; e++) left += steps(e);
  return left;
}

/**
 * Runs to the end, or until the signal fires: then the state is saved after the step under way. A run that is stopped
 * is saved at its end, so that continuing it does nothing more.
 */
export async function runEpochs(loop: EpochLoop): Promise<'finished' | 'interrupted'> {
  const { epochs, signal, observer } = loop;
  let { epoch, step } = loop.start;
  // The seconds that the interrupted epoch has taken already come with its sums.
  let { seconds: spent = 0, ...sums } = loop.sums;
  let taken = 0;
  const begin = performance.now();
  while (epoch < epochs) {
    const epochBegin = performance.now() - spent * 1000;
    const secondsSoFar = (): number => (performance.now() - epochBegin) / 1000;
    const steps = typeof loop.steps === 'number' ? loop.steps : loop.steps(epoch);
    while (step < steps) {
      // Engines block the thread while they compute; here signals and timers get their turn.
      await setImmediate();
      if (signal?.aborted) {
        loop.save({ epoch, step }, { ...sums, seconds: secondsSoFar() });
        return 'interrupted';
      }
      const metrics = await loop.step({ epoch, step });
      requireFinite(metrics, { epoch, step });
      sums = add(sums, metrics);
      step++;
      taken++;
      const stepsPerSecond = taken / ((performance.now() - begin) / 1000);
      observer?.onStep?.({
        epoch,
        step,
        epochs,
        steps,
        means: meansOf(sums),
        stepsPerSecond,
        secondsLeft: stepsLeft(loop, { epoch, step }) / stepsPerSecond,
      });
    }
    const extra = await loop.endEpoch(epoch);
    const record: EpochRecord = {
      epoch,
      ...meansOf(sums),
      ...extra,
      seconds: Math.round(secondsSoFar() * 1000) / 1000,
    };
    [epoch, step, spent, sums] = [extra.stopped === undefined ? epoch + 1 : epochs, 0, 0, {}];
    loop.save({ epoch, step }, sums, record);
    observer?.onEpoch?.(record, epochs);
  }
  return 'finished';
}
