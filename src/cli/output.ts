/** stdout carries the result, stderr everything else. */

/** A result: as one JSON object with `--json`, else as the text for people, or as aligned `name  value` lines. */
export function printResult(result: object, json: boolean, text?: string): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : (text ?? formatTable(result)));
}

function formatTable(result: object): string {
  const width = Math.max(...Object.keys(result).map((name) => name.length));
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(width)}  ${text(value)}\n`)
    .join('');
}

/** A line for people. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/**
 * Keeps a closed pipe (`nas … | head -1`) from being an error: without a reader of the result there is nothing left
 * to do; without one of the progress the work goes on.
 */
export function survivePipes(): void {
  const unless = (quiet: () => void) => (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    quiet();
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

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** Seconds as `1:02:03` or `2:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (x: number): string => String(x).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A word as a shell reads it back. */
export const shellWord = (word: string): string =>
  /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
