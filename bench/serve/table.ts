/** What was measured, as Markdown. */
import { availableParallelism } from 'node:os';
import { median } from '../../src/spread.ts';
import { markdownTable } from '../harness/statistics.ts';
import type { Measurement, ModelResult } from '../serve.ts';
import { fastest, loneLatency } from './raw.ts';

const bodyNames = { json: 'JSON', binary: 'binary', png: 'PNG' } as const;

const rate = ({ answers, seconds }: Measurement): number => answers / seconds;

const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

interface Row {
  readonly body: Measurement['body'];
  readonly connections: number;
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

const errorsOf = ({ rounds }: Row): number =>
  rounds.reduce((sum, { errors }) => sum + Object.values(errors).reduce((a, b) => a + b, 0), 0);

function modelTable({ description, raw, measurements }: ModelResult): string {
  const cores = availableParallelism();
  const rows = rowsOf(measurements);
  const best = fastest(raw);
  const lone = loneLatency(raw);
  const lines = rows.map((row) => {
    const throughput = over(row, rate);
    const peers = rows.filter(
      (other) => !other.ours && other.body === row.body && other.connections === row.connections,
    );
    const ratios = peers.map((peer) => (throughput / over(peer, rate)).toFixed(2));
    return [
      bodyNames[row.body],
      String(row.connections),
      row.contestant,
      throughput.toFixed(0),
      percent(throughput / best.imagesPerSecond),
      milliseconds(over(row, ({ latency }) => latency.p50)),
      milliseconds(over(row, ({ latency }) => latency.p99)),
      String(errorsOf(row)),
      percent(over(row, ({ cpu, seconds }) => cpu / seconds / cores)),
      row.ours ? ratios.join(', ') : '',
    ];
  });
  const head = [
    'body',
    'connections',
    'server',
    'images/s',
    'of the limit',
    'p50 ms',
    'p99 ms',
    'errors',
    'client’s share of the processor',
    'times each FastAPI',
  ];
  return [
    `**${description}**`,
    '',
    `The limit, onnxruntime in a loop without HTTP: ${best.imagesPerSecond.toFixed(0)} images/s ` +
      `(batch ${best.batch}; sessions × threads: ${best.sessions} × ${best.threads}). ` +
      `A lone image takes it ${milliseconds(lone)} ms.`,
    '',
    markdownTable(head, lines),
  ].join('\n');
}

export const serveTable = (results: readonly ModelResult[]): string =>
  [
    ...results.map(modelTable),
    `Client and server share ${availableParallelism()} cores; medians over the rounds; servers in turn.`,
  ].join('\n\n');
