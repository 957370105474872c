/** A chart of lines over epochs, each named at its end. */
import { epochScale, roundScale, type Scale } from './scale.ts';
import { element, escapeText } from './svg.ts';

export interface Line {
  readonly name: string;
  /** By epoch, from 1. */
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly lines: readonly Line[];
  /** The last epoch on the axis. */
  readonly epochs: number;
  /** A value as the axis and the tips show it. */
  readonly format: (value: number) => string;
  /** Whole numbers only on the axis. */
  readonly whole?: boolean;
}

const size = { width: 440, height: 250 } as const;
const plot = { left: 52, right: 92, top: 14, bottom: 36 } as const;
const inner = {
  width: size.width - plot.left - plot.right,
  height: size.height - plot.top - plot.bottom,
} as const;
/** Names at the ends of lines are at least this far apart. */
const lineHeight = 16;
/** Up to this many epochs each point is marked. */
const mostMarks = 30;
/** There are rules for so many lines; further ones repeat them. */
const tones = 6;

/** The positions nearest to the wishes, in their order, at least `gap` apart and within [from, to] where they fit. */
export function spreadLabels(wishes: readonly number[], gap: number, from: number, to: number): number[] {
  const order = wishes.map((_, i) => i).sort((a, b) => (wishes[a] ?? 0) - (wishes[b] ?? 0));
  const placed: number[] = [];
  order.forEach((index, i) => {
    placed.push(Math.max(wishes[index] ?? 0, i > 0 ? (placed[i - 1] ?? 0) + gap : from));
  });
  for (let i = placed.length - 1, limit = to; i >= 0; i--, limit = (placed[i + 1] ?? 0) - gap) {
    placed[i] = Math.min(placed[i] ?? 0, limit);
  }
  const result: number[] = [];
  order.forEach((index, i) => {
    result[index] = placed[i] ?? 0;
  });
  return result;
}

/** An SVG document; colours and dashes come from the page, by the classes `tone0` …. */
export function drawLines({ title, lines, epochs, format, whole = false }: LineChart): string {
  const x = epochScale(epochs);
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const rounded = roundScale(values);
  const y: Scale = whole ? { ...rounded, ticks: rounded.ticks.filter(Number.isInteger) } : rounded;
  const [across, down] = [
    (epoch: number): number => plot.left + inner.width * x.place(epoch),
    (value: number): number => plot.top + inner.height * (1 - y.place(value)),
  ];
  const ends = lines.map(({ points }) => down(points.at(-1)?.[1] ?? y.from));
  const labels = spreadLabels(ends, lineHeight, plot.top + 4, plot.top + inner.height);

  return element(
    'svg',
    {
      class: 'chart',
      viewBox: `0 0 ${size.width} ${size.height}`,
      role: 'img',
      'aria-label': described(title, lines, format),
    },
    ...y.ticks.map(
      (tick) =>
        element('path', { class: 'grid', d: `M${plot.left} ${round(down(tick))}h${inner.width}` }) +
        element(
          'text',
          { class: 'tick', x: plot.left - 8, y: down(tick) + 4, 'text-anchor': 'end' },
          escapeText(format(tick)),
        ),
    ),
    ...x.ticks.map((tick) =>
      element(
        'text',
        { class: 'tick', x: across(tick), y: plot.top + inner.height + 18, 'text-anchor': 'middle' },
        String(tick),
      ),
    ),
    element(
      'text',
      { class: 'axis', x: plot.left + inner.width, y: size.height - 2, 'text-anchor': 'end' },
      'epoch',
    ),
    ...lines.map(({ name, points }, i) => {
      const tone = `tone${i % tones}`;
      const path = points.map(
        ([epoch, value], at) => `${at === 0 ? 'M' : 'L'}${round(across(epoch))} ${round(down(value))}`,
      );
      const marks =
        points.length > mostMarks
          ? []
          : points.map(([epoch, value]) =>
              element('circle', {
                class: `mark ${tone}`,
                cx: across(epoch),
                cy: down(value),
                r: points.length > 1 ? 2.5 : 4,
              }),
            );
      const place = { x: plot.left + inner.width + 10, y: (labels[i] ?? 0) + 4 };
      return (
        element('path', { class: `line ${tone}`, d: path.join('') }) +
        marks.join('') +
        element('text', { class: `name ${tone}`, ...place }, escapeText(name))
      );
    }),
    ...tips(lines, x, across, format),
  );
}

const round = (value: number): number => Math.round(10 * value) / 10;

/** For each epoch a column that says its values when it is pointed at. */
function tips(
  lines: readonly Line[],
  x: Scale,
  across: (epoch: number) => number,
  format: (value: number) => string,
): string[] {
  const byEpoch = new Map<number, string[]>();
  for (const { name, points } of lines) {
    for (const [epoch, value] of points)
      byEpoch.set(epoch, [...(byEpoch.get(epoch) ?? []), `${name} ${format(value)}`]);
  }
  const width = inner.width / (x.to - x.from);
  return [...byEpoch].map(([epoch, texts]) =>
    element(
      'rect',
      { class: 'tip', x: across(epoch) - width / 2, y: plot.top, width, height: inner.height },
      element('title', {}, escapeText([`epoch ${epoch}`, ...texts].join('\n'))),
    ),
  );
}

/** The chart in words. */
function described(title: string, lines: readonly Line[], format: (value: number) => string): string {
  const ends = lines.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last
      ? [`${name} from ${format(first[1])} in epoch ${first[0]} to ${format(last[1])} in epoch ${last[0]}`]
      : [];
  });
  return `${title}: ${ends.join('; ')}`;
}
