/** What is said of samples: medians and their spread, ratios, Markdown tables. */
import { median } from '../../src/spread.ts';

export interface Summary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

const summary = (samples: readonly number[]): Summary => ({
  median: median(samples),
  minimum: Math.min(...samples),
  maximum: Math.max(...samples),
});

/** A summary and what it sums up. */
export interface Sampled extends Summary {
  readonly samples: readonly number[];
}

export const sampled = (samples: readonly number[]): Sampled => ({ ...summary(samples), samples });

export interface Ratio {
  /** Of the two medians. */
  readonly ofMedians: number;
  /** The median of the ratios of samples of one round. */
  readonly paired: number;
}

export const ratio = (numerator: readonly number[], denominator: readonly number[]): Ratio => ({
  ofMedians: median(numerator) / median(denominator),
  paired: median(numerator.map((sample, i) => sample / (denominator[i] as number))),
});

const digits = (x: number): string => (x < 100 ? x.toPrecision(3) : x.toFixed(0));

/** `2440 (2400–2510)`: median, minimum, maximum. */
export const formatSummary = ({ median: middle, minimum, maximum }: Summary): string =>
  `${digits(middle)} (${digits(minimum)}–${digits(maximum)})`;

/** `1.72 (1.70)`: of the medians, and paired. */
export const formatRatio = ({ ofMedians, paired }: Ratio): string =>
  `${ofMedians.toFixed(2)} (${paired.toFixed(2)})`;

export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
