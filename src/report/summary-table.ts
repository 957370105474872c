/** The comparison of runs as a table of texts: what the command prints and what a report ends with. */
import { formatCount, formatDuration, percent } from '../format.ts';
import { formatSpread, type Spread } from '../spread.ts';
import type { MeasureName, RunSummary } from './data.ts';

export interface Table {
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
  /** What the dashes stand for, and what else is to be known. */
  readonly notes: readonly string[];
}

/** Stands for what is missing. */
export const dash = '—';

/** A value of a column: its text, or the measure that is missing. */
type Value = string | { readonly missing: MeasureName };

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  readonly value: (summary: RunSummary) => Value;
}

const kinds: Readonly<Record<RunSummary['kind'], string>> = {
  search: '',
  sweep: '',
  selected: ' (selected)',
  retrain: '',
};

/** `2`, `2, 5`, `2–5`. */
export function formatSeeds(seeds: readonly number[]): string {
  const [first, last] = [seeds[0], seeds.at(-1)];
  if (first === undefined || last === undefined) return dash;
  const isRange = seeds.length > 2 && seeds.every((seed, i) => seed === first + i);
  return isRange ? `${first}–${last}` : seeds.join(', ');
}

const measure =
  <Name extends MeasureName>(
    name: Name,
    format: (value: number) => string,
    pick: (value: NonNullable<RunSummary[Name]>) => Spread,
  ) =>
  (summary: RunSummary): Value => {
    const value = summary[name];
    return value === null ? { missing: name } : formatSpread(pick(value), format);
  };

const whole = (value: Spread): Spread => value;

/** Three digits of a time in milliseconds, and no fewer than its whole ones. */
const milliseconds = (value: number): string => `${value.toPrecision(value < 1000 ? 3 : 4)} ms`;

/** Seconds; in minutes and hours from a minute on. */
export const formatSeconds = (value: number): string =>
  value < 60 ? `${value.toFixed(1)} s` : formatDuration(value);

export const millions = (value: number): string => `${(value / 1e6).toFixed(value < 9.95e6 ? 2 : 1)} M`;

const columns: readonly Column[] = [
  { title: 'run', isNumber: false, value: ({ run, kind }) => run + kinds[kind] },
  { title: 'method', isNumber: false, value: ({ method }) => method ?? dash },
  { title: 'space', isNumber: false, value: ({ space }) => space ?? dash },
  { title: 'seeds', isNumber: true, value: ({ seeds }) => formatSeeds(seeds) },
  { title: 'validation', isNumber: true, value: measure('validationAccuracy', percent, ({ last }) => last) },
  { title: 'test, last', isNumber: true, value: measure('testAccuracy', percent, ({ last }) => last) },
  { title: 'test, best', isNumber: true, value: measure('testAccuracy', percent, ({ best }) => best) },
  { title: 'parameters', isNumber: true, value: measure('parameters', formatCount, whole) },
  { title: 'MACs', isNumber: true, value: measure('macs', millions, whole) },
  { title: 'latency', isNumber: true, value: measure('latency', milliseconds, whole) },
  { title: 'search', isNumber: true, value: measure('searchSeconds', formatSeconds, whole) },
  { title: 'retrain', isNumber: true, value: measure('retrainSeconds', formatSeconds, whole) },
];

const measureTitles: Readonly<Record<MeasureName, string>> = {
  validationAccuracy: 'validation accuracy',
  testAccuracy: 'test accuracy',
  parameters: 'parameters',
  macs: 'MACs',
  latency: 'latency',
  searchSeconds: 'search time',
  retrainSeconds: 'retrain time',
};

/** Columns that no run has anything for are left out; the notes say why. */
export function summaryTable(summaries: readonly RunSummary[]): Table {
  const rows = summaries.map((summary) => columns.map(({ value }) => value(summary)));
  const used = columns.map((_, i) => rows.some((row) => typeof row[i] === 'string'));
  const kept = <T>(items: readonly T[]): T[] => items.filter((_, i) => used[i]);
  return {
    columns: kept(columns).map(({ title, isNumber }) => ({ title, isNumber })),
    rows: rows.map((row) => kept(row).map((value) => (typeof value === 'string' ? value : dash))),
    notes: summaries.flatMap(notesOf),
  };
}

/** `runs/a: test accuracy, parameters, MACs: not retrained`: one note for each reason. */
function notesOf({ run, kind, remarks }: RunSummary): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, reason] of Object.entries(remarks)) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), measureTitles[name as MeasureName]]);
  }
  return [...byReason].map(([reason, names]) => `${run}${kinds[kind]}: ${names.join(', ')}: ${reason}`);
}
