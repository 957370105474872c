/** The candidates of a selection: each one's accuracies as dots, their mean and deviation as a bar. */
import { percent } from '../format.ts';
import { formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { CandidateReport } from './data.ts';
import { roundScale } from './scale.ts';
import { dash, formatSeeds } from './summary-table.ts';
import { element, escapeText } from './svg.ts';

const size = { width: 640, row: 34, left: 110, right: 24, bottom: 40 } as const;

const candidateName = ({ seeds }: CandidateReport): string =>
  `seed${seeds.length > 1 ? 's' : ''} ${formatSeeds(seeds)}`;

/** An SVG document. */
export function drawSelection(candidates: readonly CandidateReport[]): string {
  const scale = roundScale(
    candidates.flatMap(({ accuracies }) => {
      const { mean = 0, deviation = 0 } = spreadOf(accuracies) ?? {};
      return [
        ...accuracies,
        ...(accuracies.length > 1 ? [mean - (deviation ?? 0), mean + (deviation ?? 0)] : []),
      ];
    }),
    5,
    1,
  );
  const across = (accuracy: number): number =>
    size.left + (size.width - size.left - size.right) * scale.place(accuracy);
  const bottom = size.row * candidates.length;
  return element(
    'svg',
    {
      class: 'chart selection',
      viewBox: `0 0 ${size.width} ${bottom + size.bottom}`,
      role: 'img',
      'aria-label': 'Accuracy of the candidates on the held-out images; the table below has the numbers',
    },
    ...scale.ticks.map(
      (tick) =>
        element('path', { class: 'grid', d: `M${Math.round(across(tick))} 4V${bottom}` }) +
        element(
          'text',
          { class: 'tick', x: across(tick), y: bottom + 18, 'text-anchor': 'middle' },
          `${Number((100 * tick).toFixed(1))} %`,
        ),
    ),
    ...candidates.map((candidate, i) => {
      const y = size.row * (i + 0.5);
      // One that has not been retrained yet is named, and no more.
      const spread = spreadOf(candidate.accuracies);
      return element(
        'g',
        { class: candidate.selected ? 'candidate selected' : 'candidate' },
        element(
          'title',
          {},
          escapeText(`${candidateName(candidate)}: ${candidate.accuracies.map(percent).join(', ')}`),
        ),
        element(
          'text',
          { class: 'label', x: size.left - 12, y: y + 4, 'text-anchor': 'end' },
          candidateName(candidate),
        ),
        ...(spread ? [bar(spread, across, y)] : []),
        ...candidate.accuracies.map((accuracy) =>
          element('circle', { class: 'dot', cx: across(accuracy), cy: y, r: 4 }),
        ),
      );
    }),
  );
}

/** Mean and standard deviation. */
function bar({ mean, deviation }: Spread, across: (accuracy: number) => number, y: number): string {
  const [from, to] = [-1, 1].map((sign) => Math.round(across(mean + sign * (deviation ?? 0))));
  return (
    element('path', { class: 'deviation', d: `M${from} ${y}H${to}` }) +
    element('path', { class: 'mean', d: `M${Math.round(across(mean))} ${y - 9}v18` })
  );
}

/** The candidates in numbers. */
export const selectionTable = (candidates: readonly CandidateReport[]) => ({
  columns: [
    { title: 'found by', isNumber: false },
    { title: 'held-out accuracy', isNumber: true },
    { title: 'by retraining', isNumber: true },
    { title: '', isNumber: false },
  ],
  rows: candidates.map((candidate) => {
    const spread = spreadOf(candidate.accuracies);
    return [
      candidateName(candidate),
      spread ? formatSpread(spread, percent) : dash,
      candidate.accuracies.map(percent).join(', '),
      candidate.selected ? 'selected' : '',
    ];
  }),
});
