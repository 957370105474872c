/** What was measured, as Markdown. */
import { availableParallelism } from 'node:os';
import { median } from '../../src/spread.ts';
import { markdownTable } from '../harness/statistics.ts';
import type { Limit, Measurement, ModelResult } from '../serve.ts';

const bodyNames = { json: 'JSON', binary: 'binary', png: 'PNG' } as const;

const rate = ({ answers, seconds }: Measurement): number => answers / seconds;

const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

type Load = Pick<Measurement, 'body' | 'connections'>;

interface Row extends Load {
  readonly contestant: string;
  readonly ours: boolean;
  readonly rounds: readonly Measurement[];
}

function rowsOf(measurements: readonly Measurement[]): Row[] {
  const rows = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const key = [measurement.body, measurement.connections, measurement.contestant].join();
    rows.set(key, [...(rows.get(key) ?? []), measurement]);
  }
  return [...rows.values()].map((rounds) => ({ ...(rounds[0] as Measurement), rounds }));
}

const over = (row: Row, value: (round: Measurement) => number): number => median(row.rounds.map(value));

const isSameLoad = (a: Load, b: Load): boolean => a.body === b.body && a.connections === b.connections;

/** Median share of the limit, round by round. */
const shareOf = (row: Row, limits: readonly Limit[]): number =>
  median(row.rounds.map((round, i) => rate(round) / (limits[i]?.imagesPerSecond ?? Number.NaN)));

/** What onnxruntime does without HTTP: the first row of its load. */
function limitLine(limits: readonly Limit[]): string[] {
  const [{ body, connections, batch, sessions, threads }] = limits as [Limit];
  return [
    bodyNames[body],
    String(connections),
    `onnxruntime alone, batch ${batch}, ${sessions} × ${threads}`,
    median(limits.map(({ imagesPerSecond }) => imagesPerSecond)).toFixed(0),
    '',
    milliseconds(median(limits.map(({ medianMilliseconds }) => medianMilliseconds))),
    ...Array<string>(4).fill(''),
  ];
}

const errorsOf = ({ rounds }: Row): number =>
  rounds.reduce((sum, { errors }) => sum + Object.values(errors).reduce((a, b) => a + b, 0), 0);

function modelTable({ description, limits, measurements }: ModelResult): string {
  const cores = availableParallelism();
  const rows = rowsOf(measurements);
  const lines = rows.flatMap((row, index) => {
    const throughput = over(row, rate);
    const peers = rows.filter((other) => !other.ours && isSameLoad(other, row));
    const ratios = peers.map((peer) => (throughput / over(peer, rate)).toFixed(2));
    const own = limits.filter((limit) => isSameLoad(limit, row));
    const before = rows[index - 1];
    const line = [
      bodyNames[row.body],
      String(row.connections),
      row.contestant,
      throughput.toFixed(0),
      percent(shareOf(row, own)),
      milliseconds(over(row, ({ latency }) => latency.p50)),
      milliseconds(over(row, ({ latency }) => latency.p99)),
      String(errorsOf(row)),
      percent(over(row, ({ cpu, seconds }) => cpu / seconds / cores)),
      row.ours ? ratios.join(', ') : '',
    ];
    return before && isSameLoad(before, row) ? [line] : [limitLine(own), line];
  });
  const head = [
    'body',
    'connections',
    'server',
    'images/s',
    'of onnxruntime’s',
    'p50 ms',
    'p99 ms',
    'errors',
    'client’s share of the processor',
    'times each FastAPI',
  ];
  return [`**${description}**`, '', markdownTable(head, lines)].join('\n');
}

export const serveTable = (results: readonly ModelResult[]): string =>
  [
    ...results.map(modelTable),
    `The limit is onnxruntime in a loop without HTTP, sessions × threads; for one connection, image by image. ` +
      `Client and server share ${availableParallelism()} cores; medians over the rounds; all in turn.`,
  ].join('\n\n');
