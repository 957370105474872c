/** The report of a run, from its records. */

import type { Fields } from '../objects.ts';
import type { CandidateReport, Report, RunSummary } from '../report/data.ts';
import { formatSeeds } from '../report/summary-table.ts';
import { retrainDefaults, retrainDefaultsOf } from '../retrain/options.ts';
import { skeletonOfGenotype } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import { methodDefaults } from '../search/method-options.ts';
import { searchDefaults } from '../search/options.ts';
import { version } from '../version.ts';
import { retrainReport, searchReport } from './history.ts';
import { type RunRecord, type SelectionRecord, spaceNameOf } from './records.ts';

/** @param summary the rows of the run's comparison */
export function reportOf(run: RunRecord, summary: readonly RunSummary[]): Report {
  const searches = run.searches.map(searchReport);
  const [only] = searches;
  const genotype = run.genotype ?? (run.kind === 'search' ? only?.genotype : undefined);
  return {
    run: run.path,
    version,
    facts: factsOf(run),
    searches,
    ...(run.selection && { selection: candidatesOf(run.selection, run.genotype) }),
    ...(genotype !== undefined && { genotype }),
    ...(run.retrain && { retrain: retrainReport(run.retrain) }),
    options: [
      ...(run.kind === 'retrain' ? [] : [stage('Search', run.options, searchDefaultsIn(run.options))]),
      ...(run.selection ? [stage('Selection', run.selection.options, {})] : []),
      ...(run.retrain
        ? [stage('Retraining', run.retrain.options, retrainDefaultsIn(run.retrain.genotype))]
        : []),
    ],
    summary,
  };
}

function factsOf(run: RunRecord): [string, string][] {
  const { kind, options, seeds, retrain } = run;
  const facts: [string, unknown][] =
    kind === 'retrain'
      ? []
      : [
          ['method', options.method ?? 'darts'],
          ['space', spaceNameOf(run)],
          [seeds.length > 1 ? 'seeds' : 'seed', formatSeeds(seeds)],
          ['supernet', `${options.cells} cells, ${options.channels} channels`],
        ];
  return [
    ...facts,
    ['data', retrain?.dataset.name ?? options.data],
    ...(retrain
      ? [['network', `${retrain.options.cells} cells, ${retrain.options.channels} channels`] as const]
      : []),
  ].flatMap(([term, value]): [string, string][] =>
    value === undefined ? [] : [[String(term), String(value)]],
  );
}

const candidatesOf = ({ candidates }: SelectionRecord, selected: string | undefined): CandidateReport[] =>
  candidates.map(({ seeds, genotype, retrainings }) => ({
    seeds,
    genotype,
    accuracies: retrainings.flatMap(({ epochs }) => {
      const accuracy = epochs.at(-1)?.testAccuracy;
      return typeof accuracy === 'number' ? [accuracy] : [];
    }),
    selected: genotype === selected,
  }));

/** The defaults of the run's method. */
const searchDefaultsIn = ({ method }: Fields): object => ({
  ...searchDefaults,
  ...(Object.hasOwn(methodDefaults, String(method)) && {
    method,
    ...methodDefaults[method as keyof typeof methodDefaults],
  }),
});

const retrainDefaultsIn = (genotype: string): object => ({
  ...retrainDefaults,
  ...retrainDefaultsOf(skeletonOfGenotype(parseGenotype(genotype))),
});

/** Machine, data and what is the same for all are options too; only those of the method have defaults to compare with. */
const stage = (title: string, values: Fields, defaults: object): Report['options'][number] => ({
  title,
  values,
  changed: Object.entries(defaults).flatMap(([name, value]) =>
    values[name] === undefined || values[name] === value ? [] : [name],
  ),
});
