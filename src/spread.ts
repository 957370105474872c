/** What several measurements of one thing say. */

export interface Spread {
  readonly mean: number;
  /** The standard deviation of the sample (divided by count − 1); null where one measurement tells of none. */
  readonly deviation: number | null;
  readonly count: number;
}

/** The mean and deviation of some values; null for none. */
export function spreadOf(values: readonly number[]): Spread | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null, count };
}

/** The middle value; the mean of the two middle ones where there is an even number of them. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** `88.52 ± 0.31 %`: the deviation in the unit of the mean, where there is one. */
export function formatSpread({ mean, deviation }: Spread, format: (value: number) => string): string {
  if (deviation === null) return format(mean);
  const [, number = format(mean), unit = ''] = /^(.*?)( [^\d\s]\S*)?$/.exec(format(mean)) ?? [];
  return `${number} ± ${format(deviation).replace(unit, '')}${unit}`;
}
