/** The curves of a run: losses, accuracies, and what the guards of a search watch. */
import { percent } from '../format.ts';
import type { RetrainReport, SearchReport } from './data.ts';
import { drawLines, type Line, type LineChart } from './line-chart.ts';
import { element, escapeText } from './svg.ts';

type Record_ = { readonly epoch: number };

/** The values of one metric, by epoch; none where a run lacks it. */
function line<Epoch extends Record_>(
  name: string,
  epochs: readonly Epoch[],
  value: (epoch: Epoch) => number | undefined,
): Line[] {
  const points = epochs.flatMap((epoch): [number, number][] => {
    const y = value(epoch);
    return y === undefined || !Number.isFinite(y) ? [] : [[epoch.epoch + 1, y]];
  });
  return points.length > 0 ? [{ name, points }] : [];
}

/** A chart under its title; nothing where there are no lines. */
const figure = (chart: LineChart): string[] =>
  chart.lines.length === 0
    ? []
    : [
        element(
          'figure',
          { class: 'curve' },
          element('figcaption', {}, escapeText(chart.title)),
          drawLines(chart),
        ),
      ];

/** A share as the axis has room for it. */
const share = (value: number): string => `${Number((100 * value).toFixed(1))} %`;

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** The lines of one search by what they measure; those of several by their seed. */
function searchLines(
  searches: readonly SearchReport[],
  metrics: readonly (readonly [
    name: string,
    key: 'loss' | 'accuracy' | 'validationLoss' | 'validationAccuracy',
  ])[],
): Line[] {
  const [only] = searches;
  if (searches.length === 1 && only) {
    return metrics.flatMap(([name, key]) => line(name, only.epochs, (epoch) => epoch[key]));
  }
  const [, key] = metrics.at(-1) ?? ['', 'validationAccuracy' as const];
  return searches.flatMap(({ seed, epochs }) => line(`seed ${seed}`, epochs, (epoch) => epoch[key]));
}

const plannedEpochs = (searches: readonly SearchReport[]): number =>
  Math.max(...searches.map(({ planned, epochs }) => Math.max(planned, epochs.length)));

/** Losses and accuracies of the searches. */
export function searchCurves(searches: readonly SearchReport[]): string[] {
  if (searches.length === 0) return [];
  const epochs = plannedEpochs(searches);
  const which = searches.length > 1 ? 'validation ' : '';
  return [
    ...figure({
      title: `Search: ${which}loss`,
      lines: searchLines(searches, [
        ['training', 'loss'],
        ['validation', 'validationLoss'],
      ]),
      epochs,
      format: short,
    }),
    ...figure({
      title: `Search: ${which}accuracy`,
      lines: searchLines(searches, [
        ['training', 'accuracy'],
        ['validation', 'validationAccuracy'],
      ]),
      epochs,
      format: share,
    }),
  ];
}

export function retrainCurves({ epochs, planned }: RetrainReport): string[] {
  return [
    ...figure({
      title: 'Retraining: loss',
      lines: line('training', epochs, ({ loss }) => loss),
      epochs: planned,
      format: short,
    }),
    ...figure({
      title: 'Retraining: accuracy',
      lines: [
        ...line('training', epochs, ({ accuracy }) => accuracy),
        ...line('test', epochs, ({ testAccuracy }) => testAccuracy),
      ],
      epochs: planned,
      format: share,
    }),
  ];
}

/** What tells of a collapse, and what the search expects the network to cost. */
export function guardCurves(searches: readonly SearchReport[]): string[] {
  if (searches.length === 0) return [];
  const epochs = plannedEpochs(searches);
  const name = ({ seed }: SearchReport, single: string): string =>
    searches.length > 1 ? `seed ${seed}` : single;
  const by = (single: string, key: 'skips' | 'eigenvalue' | 'cost'): Line[] =>
    searches.flatMap((search) => line(name(search, single), search.epochs, (epoch) => epoch[key]));
  return [
    ...figure({
      title: `Skip connections of the ${searches[0]?.candidates?.kinds[0]?.toLowerCase() ?? 'normal cell'}`,
      lines: by('skips', 'skips'),
      epochs,
      format: short,
      whole: true,
    }),
    ...figure({
      title: 'Dominant eigenvalue of ∇²α of the validation loss',
      lines: by('eigenvalue', 'eigenvalue'),
      epochs,
      format: short,
    }),
    ...figure({
      title: ['Expected cost of the network', searches[0]?.costUnit].filter(Boolean).join(', in '),
      lines: by('cost', 'cost'),
      epochs,
      format: short,
    }),
  ];
}

/** All numbers of the curves, for those who cannot see them and for those who want to know. */
export function searchNumbers({ epochs }: SearchReport) {
  return numbers(epochs, [
    ['loss', ({ loss }) => loss?.toFixed(4)],
    ['validation loss', ({ validationLoss }) => validationLoss?.toFixed(4)],
    ['accuracy', ({ accuracy }) => maybe(accuracy, percent)],
    ['validation accuracy', ({ validationAccuracy }) => maybe(validationAccuracy, percent)],
    ['skips', ({ skips }) => maybe(skips, String)],
    ['eigenvalue', ({ eigenvalue }) => maybe(eigenvalue, short)],
    ['cost', ({ cost }) => maybe(cost, short)],
    ['seconds', ({ seconds }) => seconds.toFixed(1)],
  ]);
}

export function retrainNumbers({ epochs }: RetrainReport) {
  return numbers(epochs, [
    ['loss', ({ loss }) => loss?.toFixed(4)],
    ['accuracy', ({ accuracy }) => maybe(accuracy, percent)],
    ['test accuracy', ({ testAccuracy }) => maybe(testAccuracy, percent)],
    ['seconds', ({ seconds }) => seconds.toFixed(1)],
  ]);
}

const maybe = (value: number | undefined, format: (value: number) => string): string | undefined =>
  value === undefined ? undefined : format(value);

/** The columns that any epoch has something in. */
function numbers<Epoch extends Record_>(
  epochs: readonly Epoch[],
  metrics: readonly (readonly [title: string, text: (epoch: Epoch) => string | undefined])[],
) {
  const used = metrics.filter(([, text]) => epochs.some((epoch) => text(epoch) !== undefined));
  return {
    columns: ['epoch', ...used.map(([title]) => title)].map((title) => ({ title, isNumber: true })),
    rows: epochs.map((epoch) => [String(epoch.epoch + 1), ...used.map(([, text]) => text(epoch) ?? '')]),
  };
}
