/** What the searches and retrainings of a run come to: values over the runs, and what is to be said of them. */

import type { Fields } from '../objects.ts';
import type { Extremes, MeasureName, RunSummary } from '../report/data.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import { spreadOf } from '../spread.ts';
import { plannedEpochs, stopOf, validationAccuracies } from './history.ts';
import { costOf } from './networks.ts';
import type { RetrainRecord, SearchRecord } from './records.ts';

/** Milliseconds by the path of the retraining; without it latency is not asked for. */
export type Latencies = ReadonlyMap<string, number>;

export interface Measures {
  readonly values: Partial<RunSummary>;
  readonly remarks: RunSummary['remarks'];
}

export const nothing = {
  validationAccuracy: null,
  testAccuracy: null,
  parameters: null,
  macs: null,
  latency: null,
  searchSeconds: null,
  retrainSeconds: null,
} as const satisfies Record<MeasureName, null>;

const networkMeasures = ['parameters', 'macs'] as const satisfies readonly MeasureName[];

function missing(names: readonly MeasureName[], reason: string): RunSummary['remarks'] {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** Of a folder that holds a retraining alone. */
export const notSearched: Measures = {
  values: {},
  remarks: missing(['validationAccuracy', 'searchSeconds'], 'no search in this folder'),
};

/** Last and best of each run's values, over the runs. */
function extremes(runs: readonly (readonly number[])[]): Extremes | null {
  const known = runs.filter((values) => values.length > 0);
  const last = spreadOf(known.map((values) => values.at(-1) as number));
  const best = spreadOf(known.map((values) => Math.max(...values)));
  return last && best ? { last, best } : null;
}

const metric = (epochs: readonly EpochRecord[], name: string): number[] =>
  epochs.map((record) => record[name]).filter((value): value is number => typeof value === 'number');

export const secondsOf = (epochs: readonly EpochRecord[]): number =>
  epochs.reduce((sum, { seconds }) => sum + seconds, 0);

/** What is said of runs that do not have all their epochs, and of those that are not there at all. */
function progress(
  runs: readonly {
    readonly epochs: readonly EpochRecord[];
    readonly options: Fields;
    readonly finished: boolean;
  }[],
  expected: number,
  done: string,
): string | undefined {
  const finished = runs.filter((run) => run.finished).length;
  if (finished === expected) return undefined;
  if (expected > 1) return `${finished} of ${expected} ${done}`;
  const [run] = runs;
  return run && `not finished: ${run.epochs.length} of ${plannedEpochs(run.options, run.epochs)} epochs`;
}

/** Of one search, or over those of several. Random genotypes have no epochs: nothing is trained for them. */
export function searchMeasuresOf(searches: readonly SearchRecord[], expected: number): Measures {
  const runs = searches.map((search) => ({ ...search, finished: search.genotype !== undefined }));
  const isRandom = searches[0]?.options.method === 'random';
  const validationAccuracy = extremes(searches.map(({ epochs }) => validationAccuracies(epochs)));
  const begun = searches.filter(({ epochs, genotype }) => epochs.length > 0 || genotype !== undefined);
  const searchSeconds = spreadOf(begun.map(({ epochs }) => secondsOf(epochs)));
  const unfinished = progress(runs, expected, 'have finished');
  const stops = searches.flatMap(({ seed, epochs }) => {
    const reason = stopOf(epochs);
    return reason === undefined
      ? []
      : [
          `${expected > 1 ? `seed ${seed} ` : ''}stopped after epoch ${epochs.findIndex(({ stopped }) => stopped !== undefined) + 1}: ${reason}`,
        ];
  });
  const remark = [...(unfinished ? [unfinished] : []), ...stops].join('; ') || undefined;
  return {
    values: { validationAccuracy, searchSeconds },
    remarks: {
      ...(isRandom
        ? { validationAccuracy: 'the method random trains no supernet' }
        : validationAccuracy === null && { validationAccuracy: remark ?? 'the records have none' }),
      ...(remark && validationAccuracy !== null && { validationAccuracy: remark }),
      ...(remark && { searchSeconds: remark }),
    },
  };
}

export function retrainMeasuresOf(
  retrainings: readonly RetrainRecord[],
  expected: number,
  again: string,
  latencies: Latencies | undefined,
): Measures {
  if (retrainings.length === 0) {
    const reason = `not retrained (${again})`;
    const names = [
      'testAccuracy',
      ...networkMeasures,
      'retrainSeconds',
      ...(latencies ? ['latency' as const] : []),
    ] as const;
    return { values: {}, remarks: missing(names, reason) };
  }
  const costs = retrainings.map(costOf);
  const testAccuracy = extremes(retrainings.map(({ epochs }) => metric(epochs, 'testAccuracy')));
  const runs = retrainings.map((run) => ({ ...run, finished: isFinished(run) }));
  const remark = progress(runs, expected, 'are retrained');
  const times = latencies && retrainings.flatMap(({ path }) => latencies.get(path) ?? []);
  return {
    values: {
      testAccuracy,
      parameters: spreadOf(costs.map(({ parameters }) => parameters)),
      macs: spreadOf(costs.map(({ macs }) => macs)),
      latency: spreadOf(times ?? []),
      retrainSeconds: spreadOf(retrainings.map(({ epochs }) => secondsOf(epochs))),
    },
    remarks: remark ? missing(['testAccuracy', 'retrainSeconds'], remark) : {},
  };
}

/** Whether a retraining has all its epochs, and so its last evaluation. */
const isFinished = ({ epochs, options }: Pick<RetrainRecord, 'epochs' | 'options'>): boolean =>
  epochs.length > 0 && epochs.length >= plannedEpochs(options, epochs);
