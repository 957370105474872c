/** stdout carries the result, stderr everything else. */
import { formatSpread, type Spread } from '../spread.ts';

export { formatDuration, percent } from '../format.ts';

/** A result: as one JSON object with `--json`, else as `text` or, without one, as aligned `name  value` lines. */
export function printResult(result: object, json: boolean, text?: string): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : (text ?? formatResult(result)));
}

const valueText = (value: unknown): string => {
  if (typeof value === 'string') return value;
  return isSpread(value) ? formatSpread(value, (x) => x.toPrecision(4)) : JSON.stringify(value);
};

const isSpread = (value: unknown): value is Spread => {
  const { mean, count } = Object(value);
  return typeof mean === 'number' && typeof count === 'number';
};

const isRecords = (value: unknown): value is readonly object[] =>
  Array.isArray(value) && value.length > 0 && value.every((row) => typeof row === 'object' && row !== null);

/** `name  value` lines; a list of objects is a table below its name. */
export function formatResult(result: object): string {
  const width = Math.max(...Object.keys(result).map((name) => name.length));
  return Object.entries(result)
    .map(([name, value]) =>
      isRecords(value) ? recordsText(name, value) : `${name.padEnd(width)}  ${valueText(value)}\n`,
    )
    .join('');
}

function recordsText(name: string, records: readonly object[]): string {
  const columns = Object.keys(records[0] ?? {});
  const rows = records.map((record) => Object.values(record).map(valueText));
  const isNumber = (value: unknown): boolean => typeof value === 'number';
  const lines = textTable({
    columns: columns.map((title, i) => ({
      title,
      isNumber: records.every((record) => isNumber(Object.values(record)[i])),
    })),
    rows,
  });
  return `${name}\n${lines.map((text) => `  ${text}\n`).join('')}`;
}

/** A table as aligned lines, numbers to the right. */
export function textTable({
  columns,
  rows,
}: {
  readonly columns: readonly { readonly title: string; readonly isNumber: boolean }[];
  readonly rows: readonly (readonly string[])[];
}): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  return all.map((row) =>
    columns
      .map(
        ({ isNumber }, i) =>
          (isNumber ? row[i]?.padStart(widths[i] ?? 0) : row[i]?.padEnd(widths[i] ?? 0)) ?? '',
      )
      .join('  ')
      .trimEnd(),
  );
}

/** A line for people. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/**
 * Keeps a closed pipe (`nas … | head -1`) from being an error: without a reader of the result there is nothing left
 * to do; without one of the progress the work goes on. Any other failure to write ends the program.
 */
export function survivePipes(): void {
  const unless = (quiet: () => void) => (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return quiet();
    say(`nas: the result cannot be written: ${error.message}`);
    process.exit(1);
  };
  process.stdout.on(
    'error',
    unless(() => process.exit()),
  );
  process.stderr.on(
    'error',
    unless(() => {}),
  );
}

/** A word as a shell reads it back. */
export const shellWord = (word: string): string =>
  /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
