/** The parts of a report, in their order. */
import { formatCount, percent } from '../format.ts';
import type { CellKind } from '../search/skeleton-names.ts';
import { formatSpread } from '../spread.ts';
import { guardCurves, retrainCurves, retrainNumbers, searchCurves, searchNumbers } from './curves.ts';
import type { Report, RunSummary, SearchReport } from './data.ts';
import { cellTitles, drawGenotype } from './genotype-drawings.ts';
import { heatMaps } from './heat-map.ts';
import { facts, hint, htmlTable, scrolling } from './html.ts';
import { labelOf } from './operation-labels.ts';
import { drawSelection, selectionTable } from './selection.ts';
import { dash, formatSeconds, formatSeeds, millions, summaryTable } from './summary-table.ts';
import { element, escapeText } from './svg.ts';

/** A section and what links to it are called. */
export interface Part {
  readonly id: string;
  readonly title: string;
  readonly content: readonly string[];
}

/** All parts of a report that have something to show. */
export function partsOf(report: Report): Part[] {
  const { searches, selection, retrain } = report;
  const single = searches.length === 1 ? searches : [];
  const several = searches.length > 1 ? searches : [];
  const parts = [
    { id: 'results', title: 'Results', content: [...figures(report.summary.at(-1)), ...stops(single)] },
    { id: 'seeds', title: 'Seeds', content: several.length > 0 ? [seedsTable(several)] : [] },
    { id: 'selection', title: 'Selection', content: selection ? selectionPart(selection) : [] },
    { id: 'architecture', title: 'Architecture', content: architecture(report) },
    { id: 'curves', title: 'Curves', content: curvesPart(report) },
    {
      id: 'weights',
      title: 'Architecture weights',
      content:
        searches.length === 1
          ? single.map(heatMaps)
          : several.map((search) => disclosed(`Seed ${search.seed}`, heatMaps(search))),
    },
    { id: 'projection', title: 'Projection', content: projection(searches) },
    { id: 'cells', title: 'Cells by seed', content: several.map(seedCells) },
    { id: 'guards', title: 'Collapse and cost', content: guards(searches) },
    { id: 'numbers', title: 'Numbers by epoch', content: numbers(searches, retrain) },
    { id: 'options', title: 'Options', content: report.options.map(optionsOf) },
    { id: 'table', title: 'Summary', content: summaryPart(report.summary) },
  ];
  return parts.filter(({ content }) => content.length > 0);
}

const disclosed = (summary: string, ...content: readonly string[]): string =>
  element('details', {}, element('summary', {}, escapeText(summary)), ...content);

/** The measures that matter, large. */
function figures(summary: RunSummary | undefined): string[] {
  if (!summary) return [];
  const { validationAccuracy, testAccuracy, parameters, macs, searchSeconds, retrainSeconds } = summary;
  const tiles: readonly (readonly [string, string])[] = [
    ['test accuracy', testAccuracy ? formatSpread(testAccuracy.last, percent) : dash],
    ['validation accuracy', validationAccuracy ? formatSpread(validationAccuracy.last, percent) : dash],
    ['parameters', parameters ? formatSpread(parameters, formatCount) : dash],
    ['multiply–accumulates', macs ? formatSpread(macs, millions) : dash],
    ['search time', searchSeconds ? formatSpread(searchSeconds, formatSeconds) : dash],
    ['retrain time', retrainSeconds ? formatSpread(retrainSeconds, formatSeconds) : dash],
  ];
  const { kind, seeds } = summary;
  const whose =
    kind === 'selected' ? [hint(`Of the genotype that is selected, of seed ${formatSeeds(seeds)}.`)] : [];
  return [facts(tiles, 'tiles'), ...whose, ...summaryTable([summary]).notes.map(hint)];
}

const stops = (searches: readonly SearchReport[]): string[] =>
  searches.flatMap((search) => {
    const text = stateOf(search);
    return search.finished && !search.stopped
      ? []
      : [element('p', { class: 'notice' }, escapeText(`The search: ${text}.`))];
  });

/** How far a search is. */
function stateOf({ epochs, planned, finished, stopped, diverged }: SearchReport): string {
  const count = `${epochs.length} of ${planned} epochs`;
  if (diverged) return `diverged after ${count}: ${diverged}`;
  if (stopped) return `stopped after ${count}: ${stopped}`;
  if (!finished) return epochs.length === 0 ? 'not begun' : `not finished: ${count}`;
  return epochs.length === 0 ? 'finished' : `finished, ${count}`;
}

const seedsTable = (searches: readonly SearchReport[]): string =>
  scrolling(
    'The searches by seed',
    htmlTable({
      columns: [
        { title: 'seed', isNumber: true },
        { title: 'validation accuracy', isNumber: true },
        { title: 'skips', isNumber: true },
        { title: 'time', isNumber: true },
        { title: 'state', isNumber: false },
        { title: 'folder', isNumber: false },
      ],
      rows: searches.map((search) => {
        const last = search.epochs.at(-1);
        const seconds = search.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
        return [
          String(search.seed),
          last?.validationAccuracy === undefined ? dash : percent(last.validationAccuracy),
          last?.skips === undefined ? dash : String(last.skips),
          search.epochs.length === 0 ? dash : formatSeconds(seconds),
          stateOf(search),
          search.run,
        ];
      }),
    }),
  );

const selectionPart = (candidates: NonNullable<Report['selection']>): string[] => [
  hint(
    'Each distinct genotype, retrained for a short while; accuracies are of training images held out. A dot is a retraining, the bar their mean and standard deviation.',
  ),
  scrolling('Accuracy of the candidates', drawSelection(candidates)),
  scrolling('The candidates in numbers', htmlTable(selectionTable(candidates))),
];

/** The cells, and the text that stands for them. */
function cells(genotype: string): string[] {
  const figure = ([kind, svg]: [string, string]): string => {
    const title = cellTitles[kind as CellKind];
    return element('figure', { class: 'drawing' }, element('figcaption', {}, title), scrolling(title, svg));
  };
  return [
    ...Object.entries(drawGenotype(genotype)).map(figure),
    element('pre', { tabindex: 0 }, element('code', {}, escapeText(genotype))),
  ];
}

function architecture({ genotype, searches }: Report): string[] {
  if (genotype !== undefined) return cells(genotype);
  return [
    hint(
      searches.length > 1
        ? 'None of the seeds’ genotypes is selected yet: “nas select” retrains them for a short while and keeps the best. They are under “Cells by seed”.'
        : 'There is no genotype yet: no epoch has ended.',
    ),
  ];
}

const seedCells = ({ seed, genotype }: SearchReport): string =>
  genotype === undefined
    ? hint(`Seed ${seed} has no genotype yet.`)
    : disclosed(`Seed ${seed}`, ...cells(genotype));

function curvesPart({ searches, retrain }: Report): string[] {
  const curves = [...searchCurves(searches), ...(retrain ? retrainCurves(retrain) : [])];
  return curves.length > 0 ? [element('div', { class: 'pair curves' }, ...curves)] : [];
}

/** What the projection has decided, for each search that has decided anything. */
function projection(searches: readonly SearchReport[]): string[] {
  const deciding = searches.filter(({ decisions }) => decisions.length > 0);
  if (deciding.length === 0) return [];
  const table = ({ decisions }: SearchReport): string =>
    scrolling(
      'Decisions of the projection',
      htmlTable({
        columns: [
          { title: 'epoch', isNumber: true },
          { title: 'of', isNumber: false },
          { title: 'kept', isNumber: false },
          { title: 'accuracy without …', isNumber: false },
        ],
        rows: decisions.map(({ epoch, place, kept, accuracyWithout }) => [
          String(epoch),
          place,
          kept.map(labelOf).join(', '),
          accuracyWithout.map(([name, accuracy]) => `${labelOf(name)} ${percent(accuracy)}`).join(', '),
        ]),
      }),
    );
  return [
    hint(
      'The genotype is not read off the weights: of each edge and node stays what the supernet is least accurate without (Wang et al. 2021).',
    ),
    ...deciding.map((search) =>
      searches.length > 1 ? disclosed(`Seed ${search.seed}`, table(search)) : table(search),
    ),
  ];
}

function guards(searches: readonly SearchReport[]): string[] {
  const curves = guardCurves(searches);
  if (curves.length === 0) return [];
  return [
    hint(
      'A search that collapses fills the normal cell with skip connections; the dominant eigenvalue of the Hessian with respect to α grows before that.',
    ),
    element('div', { class: 'pair curves' }, ...curves),
  ];
}

function numbers(searches: readonly SearchReport[], retrain: Report['retrain']): string[] {
  const name = (search: SearchReport): string =>
    searches.length > 1 ? `Search, seed ${search.seed}` : 'Search';
  const table = (title: string, content: Parameters<typeof htmlTable>[0]): string =>
    disclosed(title, scrolling(title, htmlTable(content)));
  return [
    ...searches
      .filter(({ epochs }) => epochs.length > 0)
      .map((search) => table(name(search), searchNumbers(search))),
    ...(retrain ? [table('Retraining', retrainNumbers(retrain))] : []),
  ];
}

function optionsOf({ title, values, changed }: Report['options'][number]): string {
  const pairs = Object.entries(values).map(([name, value]) => {
    const text = escapeText(typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value));
    const isChanged = changed.includes(name);
    return element(
      'div',
      isChanged ? { class: 'changed' } : {},
      element('dt', {}, escapeText(name)),
      element('dd', {}, isChanged ? element('b', {}, text) : text),
    );
  });
  return (
    element('h3', {}, escapeText(title)) +
    (changed.length > 0 ? hint('In bold: what is not the default.') : '') +
    element('dl', { class: 'options' }, ...pairs)
  );
}

function summaryPart(summary: readonly RunSummary[]): string[] {
  const table = summaryTable(summary);
  return [scrolling('Summary', htmlTable(table)), ...table.notes.map(hint)];
}
