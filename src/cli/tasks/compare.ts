/** Compares runs. */
import { measureLatencies } from '../../comparison/latency.ts';
import { type RunRecord, readRun } from '../../comparison/records.ts';
import { type Latencies, summarize } from '../../comparison/summary.ts';
import type { RunSummary } from '../../report/data.ts';
import { summaryTable, type Table } from '../../report/summary-table.ts';
import { say } from '../output.ts';
import { type DeviceOptions, deviceOf } from '../setting.ts';

export interface Comparison {
  readonly runs: readonly RunSummary[];
  readonly table: Table;
}

/** @param measuring how latency is measured; without it, it is not */
export async function compare(
  paths: readonly string[],
  measuring?: Pick<DeviceOptions, 'device' | 'threads'>,
): Promise<Comparison> {
  const runs = [...new Set(paths.map((path) => path.replace(/(?<=.)\/+$/, '')))].map(readRun);
  const latencies = measuring && (await latenciesOf(runs, measuring));
  const summaries = runs.flatMap((run) => summarize(run, latencies));
  return { runs: summaries, table: summaryTable(summaries) };
}

async function latenciesOf(
  runs: readonly RunRecord[],
  { device, threads }: Pick<DeviceOptions, 'device' | 'threads'>,
): Promise<Latencies> {
  const retrainings = runs.flatMap((run) => [
    ...(run.retrain ? [run.retrain] : []),
    ...run.searches.flatMap((search) => (search.retrain && run.kind === 'sweep' ? [search.retrain] : [])),
  ]);
  say(`measuring the latency of ${retrainings.length} ${retrainings.length === 1 ? 'network' : 'networks'}`);
  const options = { provider: await deviceOf({ device }), ...(threads !== undefined && { threads }) };
  const times = await measureLatencies(retrainings, options);
  return new Map(retrainings.map(({ path }, i) => [path, times[i] as number]));
}
