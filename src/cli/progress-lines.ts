/** The texts of progress. */
import type { EpochRecord, StepReport } from '../runs/epochs.ts';
import { formatDuration, percent } from './output.ts';

/** Two decimals of a small rate, one of a large one. */
const rate = (stepsPerSecond: number): string =>
  `${stepsPerSecond.toFixed(stepsPerSecond < 9.95 ? 2 : 1)} steps/s`;

const share = (name: string, value: number): string => `${name} ${percent(value)}`;

/** The loss, where the step has one. */
const loss = ({ means }: StepReport): string[] =>
  means.loss === undefined ? [] : [`loss ${means.loss.toFixed(3)}`];

const shares = (names: readonly [string, number | undefined][], text: typeof share): string[] =>
  names.flatMap(([name, value]) => (value === undefined ? [] : [text(name, value)]));

/** `search epoch 1/50 step 12/312  loss 2.114  accuracy 23.10 %  …`. */
export function stepLine(title: string, report: StepReport): string {
  const { epoch, epochs, step, steps, means, stepsPerSecond, secondsLeft } = report;
  return [
    `${title} epoch ${epoch + 1}/${epochs} step ${step}/${steps}`,
    ...loss(report),
    ...shares([['accuracy', means.accuracy]], share),
    ...shares(
      [
        ['validation', means.validationAccuracy],
        ['trials', means.trialAccuracy],
      ],
      share,
    ),
    rate(stepsPerSecond),
    `${formatDuration(secondsLeft)} left`,
  ].join('  ');
}

/** The shortest bar that is worth drawing. */
const shortestBar = 6;

/** A share with three digits, as there is little room in a bar. */
const shortShare = (name: string, value: number): string => `${name} ${(100 * value).toFixed(1)} %`;

/**
 * The same as a bar of at most `columns` characters: `search 1/50 [=====     ] 12/312  loss 2.114  …`. The bar fills
 * what the figures leave; where that is too little, the less important figures are left out.
 */
export function barLine(title: string, report: StepReport, columns = 80): string {
  const { epoch, epochs, step, steps, means, stepsPerSecond, secondsLeft } = report;
  const head = `${title} ${epoch + 1}/${epochs} [`;
  const counter = ` ${step}/${steps}`;
  const left = `${formatDuration(secondsLeft)} left`;
  const accuracy = shares([['acc', means.accuracy]], shortShare);
  const validation = shares([['val', means.validationAccuracy ?? means.trialAccuracy]], shortShare);
  const speed = [rate(stepsPerSecond), left];
  const tails = [
    [counter, ...loss(report), ...accuracy, ...validation, ...speed],
    [counter, ...loss(report), ...accuracy, ...speed],
    ['', ...loss(report), ...accuracy, ...speed],
    ['', ...accuracy, ...speed],
    [counter, left],
    [counter],
  ].map((parts) => `]${parts.join('  ')}`);
  // The last column stays free: some terminals wrap there.
  const room = (tail: string): number => columns - 1 - head.length - tail.length;
  const tail = tails.find((candidate) => room(candidate) >= shortestBar) ?? ']';
  const width = Math.max(0, room(tail));
  const done = Math.round((width * step) / steps);
  return `${head}${'='.repeat(done)}${' '.repeat(width - done)}${tail}`.slice(0, Math.max(0, columns - 1));
}

/** What a round of the projection has decided: `normal edge 3: sep_conv_3x3`. */
const decisions = ({ projection }: EpochRecord): string[] =>
  Array.isArray(projection)
    ? projection.map(({ cell, edge, node, kept }: Readonly<Record<string, unknown>>) => {
        const place = edge === undefined ? `node ${node}, edges` : `edge ${edge}:`;
        return `${cell} ${place} ${Array.isArray(kept) ? kept.join(' and ') : kept}`;
      })
    : [];

/** `search epoch 1/50  loss 1.2345  …  accuracy 56.78 %  …  12.3 s`; and why it was the last, where it was stopped. */
export function epochLine(title: string, epochs: number, record: EpochRecord): string {
  const figures = (names: readonly string[], text: (x: number) => string): string[] =>
    names.flatMap((name) => {
      const value = record[name];
      return typeof value === 'number' ? [`${name} ${text(value)}`] : [];
    });
  return [
    `${title} epoch ${record.epoch + 1}/${epochs}`,
    ...figures(['loss', 'validationLoss', 'trialLoss'], (x) => x.toFixed(4)),
    ...figures(['accuracy', 'validationAccuracy', 'testAccuracy', 'trialAccuracy'], percent),
    ...figures(['skips'], String),
    ...figures(['eigenvalue'], (x) => x.toPrecision(3)),
    ...decisions(record),
    `${record.seconds.toFixed(1)} s`,
    ...(typeof record.stopped === 'string' ? [`stopped: ${record.stopped}`] : []),
  ].join('  ');
}
