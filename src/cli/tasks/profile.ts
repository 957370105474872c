/** Measures a latency table and writes it. */
import { latencyToJson, lost, meanError, profile } from '../../cost/latency.ts';
import { requireWritable, writeWhole } from '../../runs/files.ts';
import { openSpace } from '../../search/spaces.ts';
import { percent, say } from '../output.ts';
import { type DataOptions, type DeviceOptions, deviceOf, openDataset } from '../setting.ts';
import { budgetSize } from './budget.ts';

export interface ProfileOptions extends DataOptions, Pick<DeviceOptions, 'device' | 'threads'> {
  readonly space: string;
  readonly channels: number;
  readonly cells: number;
}

export interface ProfileResult {
  readonly latencyTable: string;
  /** Distinct shapes of operations. */
  readonly operations: number;
  /** Milliseconds of a network besides its operations. */
  readonly rest: number;
  /** How far the estimates of random networks are from their measured latencies, as a mean of parts. */
  readonly meanError: number;
}

/** The mean error of the estimates beyond which the table is called into question. */
const tolerated = 0.25;

/** How many operations are timed between two lines of progress. */
const lineEvery = 10;

export async function runProfile(
  defaults: ProfileOptions,
  given: Partial<ProfileOptions>,
  path: string,
): Promise<ProfileResult> {
  requireWritable(path);
  const { space } = openSpace(given.space ?? defaults.space);
  const options = { ...defaults, ...space.defaults, ...given };
  const size = budgetSize(options, await openDataset(options));
  const target = { provider: await deviceOf(options), ...(options.threads && { threads: options.threads }) };
  say(`profile: space ${space.name}, ${size.cells} cells, ${size.channels} channels, on ${target.provider}`);
  const table = await profile(space, size, target, (what, done, all) => {
    if (done % lineEvery === 0) say(`profile ${done}/${all}: ${what.slice(0, 60)}`);
  });
  writeWhole(path, latencyToJson(table));
  const error = meanError(table);
  say(
    `written ${path}; estimates of ${table.checks.length} random networks are off by ${percent(error)} in the mean`,
  );
  const missing = lost(table).length;
  if (error > tolerated || missing > 0) {
    const none = missing > 0 ? `, and ${missing} operations took no longer than an empty run` : '';
    say(`profile: that is far off${none}: measure again when the machine does nothing else`);
  }
  return {
    latencyTable: path,
    operations: table.operations.length,
    rest: table.rest.milliseconds,
    meanError: error,
  };
}
