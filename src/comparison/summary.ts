/** Runs as rows of a comparison. */
import type { RunSummary } from '../report/data.ts';
import { spreadOf } from '../spread.ts';
import {
  type Latencies,
  type Measures,
  nothing,
  notSearched,
  retrainMeasuresOf,
  searchMeasuresOf,
  secondsOf,
} from './measures.ts';
import { type RetrainRecord, type RunRecord, spaceNameOf } from './records.ts';

export type { Latencies } from './measures.ts';

/** What is said in a row besides which run it is of. */
interface Row {
  readonly kind: RunSummary['kind'];
  readonly seeds: readonly number[];
  readonly searched: Measures;
  /** What is retrained, of how many, and how to retrain what is not. */
  readonly retrained: readonly RetrainRecord[];
  readonly expected: number;
  readonly again: string;
}

/** The rows of a run: one, and for several searches with a selected genotype another one of it. */
const rowsOf: Readonly<Record<RunRecord['kind'], (run: RunRecord) => readonly Row[]>> = {
  search: ({ path, kind, seeds, searches, retrain }) => [
    {
      kind,
      seeds,
      searched: searchMeasuresOf(searches, 1),
      retrained: retrain ? [retrain] : [],
      expected: 1,
      again: `nas retrain ${path}`,
    },
  ],
  retrain: ({ kind, seeds, retrain }) => [
    { kind, seeds, searched: notSearched, retrained: retrain ? [retrain] : [], expected: 1, again: '' },
  ],
  sweep: (run) => {
    const { path, kind, seeds, searches, retrain } = run;
    const all: Row = {
      kind,
      seeds,
      searched: searchMeasuresOf(searches, seeds.length),
      retrained: searches.flatMap((search) => search.retrain ?? []),
      expected: seeds.length,
      again: `nas retrain ${path}/seed-${seeds[0]}`,
    };
    if (run.genotype === undefined) return [all];
    const selected: Row = {
      kind: 'selected',
      seeds: searches.filter(({ genotype }) => genotype === run.genotype).map(({ seed }) => seed),
      searched: selectedMeasures(run),
      retrained: retrain ? [retrain] : [],
      expected: 1,
      again: `nas retrain ${path}`,
    };
    return [all, selected];
  },
};

/**
 * The rows of a run.
 *
 * @throws InputError where the configuration of a retraining is damaged
 */
export function summarize(run: RunRecord, latencies?: Latencies): RunSummary[] {
  const { path, options } = run;
  const isSearch = run.kind !== 'retrain';
  return rowsOf[run.kind](run).map(({ kind, seeds, searched, retrained, expected, again }) => {
    const measures = retrainMeasuresOf(retrained, expected, again, latencies);
    return {
      run: path,
      kind,
      // Runs from before there were other methods do not name theirs.
      method: isSearch ? text(options.method ?? 'darts') : null,
      space: spaceNameOf(run) ?? null,
      seeds,
      ...nothing,
      ...searched.values,
      ...measures.values,
      remarks: { ...searched.remarks, ...measures.remarks },
    };
  });
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The search time of a selected genotype is that of all searches and of the retrainings that compared them. */
function selectedMeasures(run: RunRecord): Measures {
  const found = run.searches.filter(({ genotype }) => genotype === run.genotype);
  const { values, remarks } = searchMeasuresOf(found, found.length);
  const retrainings = run.selection?.candidates.flatMap((candidate) => candidate.retrainings) ?? [];
  const seconds = [...run.searches, ...retrainings].map(({ epochs }) => secondsOf(epochs));
  const searchSeconds = spreadOf([seconds.reduce((a, b) => a + b, 0)]);
  return {
    values: { ...values, searchSeconds },
    remarks: { ...remarks, searchSeconds: 'all searches and the selection' },
  };
}
