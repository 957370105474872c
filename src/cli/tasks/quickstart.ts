/** The whole way: search → retrain → export → verify. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { retrainFolder } from '../../runs/layout.ts';
import { hasCheckpoint } from '../../runs/run-folder.ts';
import { Interruption } from '../interruption.ts';
import { flagOf, type Given } from '../options.ts';
import { formatDuration, percent, say, shellWord } from '../output.ts';
import type { Place, RetrainRunOptions, SearchRunOptions } from '../run-options.ts';
import { type DataOptions, type DeviceOptions, deviceDefaults } from '../setting.ts';
import { type ExportResult, runExport } from './export.ts';
import { runRetrain } from './retrain.ts';
import { runSearch } from './search.ts';

export interface Presets {
  readonly search: SearchRunOptions;
  readonly retrain: RetrainRunOptions;
}

export interface QuickstartResult extends ExportResult {
  readonly run: string;
  readonly seconds: number;
  readonly peakMegabytes: number;
}

/** @throws Interruption where it was interrupted */
export async function quickstart(
  presets: Presets,
  call: Partial<DataOptions & DeviceOptions> & Given<'seed' | 'maxSteps' | 'out' | 'resume'>,
  signal: AbortSignal,
): Promise<QuickstartResult> {
  const { out: place, resume = false, ...given } = call;
  const out = place ?? (resume ? lastPlace() : firstFreePlace());
  const same = Object.entries(given).map(([name, value]) => ` ${flagOf(name)} ${shellWord(String(value))}`);
  const again = `nas quickstart --out ${shellWord(out)} --resume${same.join('')}`;
  // What an interrupted quickstart had not begun yet is begun now.
  const begun = (folder: string): boolean => resume && hasCheckpoint(folder);
  const placed = (folder: string): Place => ({ out, again, resume: begun(folder) });

  const begin = performance.now();
  // A stage that was in its last step when it was interrupted ends as usual; the next one does not begin.
  const goOn = (): void => {
    if (signal.aborted) throw new Interruption(again);
  };
  await runSearch(presets.search, given, placed(out), signal);
  goOn();
  await runRetrain(out, presets.retrain, given, placed(retrainFolder(out)), signal);
  goOn();
  const exported = await runExport(out, {
    ...deviceDefaults,
    ...given,
    onnx: join(out, 'model', '1', 'model.onnx'),
    softmax: false,
    weights: 'best',
    images: 2000,
    samples: true,
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  say(
    `test accuracy ${percent(exported.accuracy)} in ${formatDuration(seconds)}; ` +
      `serve it with: nas serve ${shellWord(out)}`,
  );
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  return { run: out, ...exported, seconds, peakMegabytes };
}

/** runs/quickstart, runs/quickstart-2, … */
const placeOf = (index: number): string => join('runs', index === 1 ? 'quickstart' : `quickstart-${index}`);

function firstFree(): number {
  for (let index = 1; ; index++) if (!existsSync(placeOf(index))) return index;
}

const firstFreePlace = (): string => placeOf(firstFree());

function lastPlace(): string {
  const free = firstFree();
  if (free === 1) throw new InputError(`${placeOf(1)} holds no run to resume; say which with --out`);
  return placeOf(free - 1);
}
