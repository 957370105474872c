/** Runs as rows of a comparison. */
import type { Extremes, MeasureName, RunSummary } from '../report/data.ts';
import type { EpochRecord } from '../runs/epochs.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { plannedEpochs, stopOf } from './history.ts';
import { costOf } from './networks.ts';
import type { Fields, RetrainRecord, RunRecord, SearchRecord } from './records.ts';

/** Milliseconds by the path of the retraining; without it latency is not asked for. */
export type Latencies = ReadonlyMap<string, number>;

/**
 * The rows of a run: one, and for several searches with a selected genotype another one of it.
 *
 * @throws InputError where the configuration of a retraining is damaged
 */
export function summarize(run: RunRecord, latencies?: Latencies): RunSummary[] {
  const { path, kind, seeds, searches, retrain } = run;
  const row = (
    of: Pick<RunSummary, 'kind' | 'seeds'>,
    searched: Measures,
    retrained: Measures,
  ): RunSummary => ({
    run: path,
    method: searches.length > 0 || kind !== 'retrain' ? text(run.options.method ?? 'darts') : null,
    space: text(run.options.space),
    ...of,
    ...nothing,
    ...searched.values,
    ...retrained.values,
    remarks: { ...searched.remarks, ...retrained.remarks },
  });
  if (kind === 'retrain') {
    return [
      row(
        { kind, seeds },
        { values: {}, remarks: missing(searchMeasures, 'no search in this folder') },
        retrainMeasuresOf(retrain ? [retrain] : [], 1, '', latencies),
      ),
    ];
  }
  if (kind === 'search') {
    const again = `nas retrain ${path}`;
    return [
      row(
        { kind, seeds },
        searchMeasuresOf(searches, 1),
        retrainMeasuresOf(retrain ? [retrain] : [], 1, again, latencies),
      ),
    ];
  }
  const retrained = searches.flatMap((search) => search.retrain ?? []);
  const again = `nas retrain ${path}/seed-${seeds[0]}`;
  const all = row(
    { kind, seeds },
    searchMeasuresOf(searches, seeds.length),
    retrainMeasuresOf(retrained, seeds.length, again, latencies),
  );
  return run.genotype === undefined
    ? [all]
    : [
        all,
        row(
          { kind: 'selected', seeds: selectedSeeds(run) },
          selectedMeasures(run),
          retrainMeasuresOf(retrain ? [retrain] : [], 1, `nas retrain ${path}`, latencies),
        ),
      ];
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

interface Measures {
  readonly values: Partial<RunSummary>;
  readonly remarks: RunSummary['remarks'];
}

const nothing = {
  validationAccuracy: null,
  testAccuracy: null,
  parameters: null,
  macs: null,
  latency: null,
  searchSeconds: null,
  retrainSeconds: null,
} as const satisfies Record<MeasureName, null>;

const searchMeasures = ['validationAccuracy', 'searchSeconds'] as const satisfies readonly MeasureName[];
const networkMeasures = ['parameters', 'macs'] as const satisfies readonly MeasureName[];

const missing = (names: readonly MeasureName[], reason: string): RunSummary['remarks'] =>
  Object.fromEntries(names.map((name) => [name, reason]));

/** Last and best of each run's values, over the runs. */
function extremes(runs: readonly (readonly number[])[]): Extremes | null {
  const known = runs.filter((values) => values.length > 0);
  const last = spreadOf(known.map((values) => values.at(-1) as number));
  const best = spreadOf(known.map((values) => Math.max(...values)));
  return last && best ? { last, best } : null;
}

const metric = (epochs: readonly EpochRecord[], name: string): number[] =>
  epochs.map((record) => record[name]).filter((value): value is number => typeof value === 'number');

const secondsOf = (epochs: readonly EpochRecord[]): number =>
  epochs.reduce((sum, { seconds }) => sum + seconds, 0);

/** What is said of runs that do not have all their epochs, and of those that are not there at all. */
function progress(
  runs: readonly {
    readonly epochs: readonly EpochRecord[];
    readonly options: Fields;
    readonly finished: boolean;
  }[],
  expected: number,
): string | undefined {
  const finished = runs.filter((run) => run.finished).length;
  if (finished === expected) return undefined;
  if (expected > 1) return `${finished} of ${expected} have finished`;
  const [run] = runs;
  return run && `not finished: ${run.epochs.length} of ${plannedEpochs(run.options, run.epochs)} epochs`;
}

/** Of one search, or over those of several. Random genotypes have no epochs: nothing is trained for them. */
function searchMeasuresOf(searches: readonly SearchRecord[], expected: number): Measures {
  const runs = searches.map((search) => ({ ...search, finished: search.genotype !== undefined }));
  const isRandom = searches[0]?.options.method === 'random';
  const validationAccuracy = extremes(searches.map(({ epochs }) => metric(epochs, 'validationAccuracy')));
  const begun = searches.filter(({ epochs, genotype }) => epochs.length > 0 || genotype !== undefined);
  const searchSeconds = spreadOf(begun.map(({ epochs }) => secondsOf(epochs)));
  const unfinished = progress(runs, expected);
  const stops = searches.flatMap(({ seed, epochs }) => {
    const reason = stopOf(epochs);
    return reason === undefined
      ? []
      : [`${expected > 1 ? `seed ${seed} ` : ''}stopped after epoch ${epochs.length}: ${reason}`];
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

function retrainMeasuresOf(
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
  const remark = progress(runs, expected);
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
export const isFinished = ({ epochs, options }: Pick<RetrainRecord, 'epochs' | 'options'>): boolean =>
  epochs.length > 0 && epochs.length >= plannedEpochs(options, epochs);

/** The seeds of the searches that found the selected genotype. */
const selectedSeeds = ({ searches, genotype }: RunRecord): number[] =>
  searches.filter((search) => search.genotype === genotype).map(({ seed }) => seed);

/** The search time of a selected genotype is that of all searches and of the retrainings that compared them. */
function selectedMeasures(run: RunRecord): Measures {
  const found = run.searches.filter(({ genotype }) => genotype === run.genotype);
  const { values, remarks } = searchMeasuresOf(found, found.length);
  const retrainings = run.selection?.candidates.flatMap((candidate) => candidate.retrainings) ?? [];
  const seconds = [...run.searches, ...retrainings].map(({ epochs }) => secondsOf(epochs));
  const searchSeconds: Spread | null = spreadOf([seconds.reduce((a, b) => a + b, 0)]);
  return {
    values: { ...values, searchSeconds },
    remarks: { ...remarks, searchSeconds: 'all searches and the selection' },
  };
}
