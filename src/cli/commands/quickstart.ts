import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { retrainDefaults } from '../../retrain/options.ts';
import { searchDefaults } from '../../search/options.ts';
import { givenOptions, type OptionName, yargsOptions } from '../options.ts';
import { formatDuration, percent, printResult, say } from '../output.ts';
import {
  type DeviceOptions,
  dataDefaults,
  deviceDefaults,
  deviceOptionNames,
  interruptedExitCode,
} from '../setting.ts';
import { runExport } from './export.ts';
import { type RetrainRunOptions, runRetrain } from './retrain.ts';
import { runSearch, type SearchRunOptions } from './search.ts';

/** Small enough for five minutes on two cores; everything else is as in the paper. */
const searchPreset: SearchRunOptions = {
  ...searchDefaults,
  ...dataDefaults,
  ...deviceDefaults,
  channels: 8,
  cells: 3,
  epochs: 3,
  batch: 64,
  crop: 2,
  alphaLearningRate: 3e-3,
};

const retrainPreset: RetrainRunOptions = {
  ...retrainDefaults,
  ...dataDefaults,
  ...deviceDefaults,
  channels: 16,
  cells: 5,
  epochs: 8,
  batch: 96,
  learningRate: 0.1,
  dropPath: 0,
  auxiliaryWeight: 0,
  crop: 2,
  cutout: 0,
};

const kept = [...deviceOptionNames, 'seed'] as const satisfies OptionName[];

export const quickstartCommand: CommandModule = {
  command: 'quickstart',
  describe: 'search → retrain → export → verify on the embedded images, in a few minutes',
  builder: (yargs) =>
    yargs.options(
      yargsOptions([...kept, 'out', 'maxSteps', 'json'], {
        ...deviceDefaults,
        seed: searchDefaults.seed,
        out: 'the first free of runs/quickstart, runs/quickstart-2, …',
        maxSteps: 0,
      }),
    ),
  handler: async (argv) => {
    const given = givenOptions<DeviceOptions & { seed: number; maxSteps: number }>(
      [...kept, 'maxSteps'],
      argv,
    );
    const { out = freePlace(), json = false } = givenOptions<{ out: string; json: boolean }>(
      ['out', 'json'],
      argv,
    );
    const begin = performance.now();
    if (!(await runSearch({ ...searchPreset, ...given }, out, false))) return interrupted();
    if (!(await runRetrain(out, { ...retrainPreset, ...given }, out, false))) return interrupted();
    const onnx = join(out, 'model', '1', 'model.onnx');
    const exported = await runExport(out, {
      ...deviceDefaults,
      ...given,
      onnx,
      softmax: false,
      weights: 'best',
      images: 2000,
    });
    const seconds = Math.round((performance.now() - begin) / 1000);
    say(
      `test accuracy ${percent(exported.accuracy as number)} in ${formatDuration(seconds)}; ` +
        `serve it with: nas serve ${join(out)}`,
    );
    const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    printResult({ run: out, ...exported, seconds, peakMegabytes }, json);
  },
};

const interrupted = (): void => {
  process.exitCode = interruptedExitCode;
};

function freePlace(): string {
  for (let i = 1; ; i++) {
    const place = join('runs', i === 1 ? 'quickstart' : `quickstart-${i}`);
    if (!existsSync(place)) return place;
  }
}
