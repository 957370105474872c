import { retrainDefaults } from '../../retrain/options.ts';
import { searchDefaultsOf } from '../../search/method-options.ts';
import { searchDefaults } from '../../search/options.ts';
import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { dataOptionNames, deviceOptionNames } from '../options.ts';
import type { RetrainRunOptions, SearchRunOptions } from '../run-options.ts';
import { dataDefaults, deviceDefaults } from '../setting.ts';

/** Small enough for five minutes on two cores; everything else is as in the paper. */
const searchPreset: SearchRunOptions = {
  ...searchDefaultsOf('darts'),
  ...dataDefaults,
  ...deviceDefaults,
  channels: 16,
  cells: 3,
  epochs: 2,
  maxSteps: 40,
  batch: 32,
  crop: 2,
  alphaLearningRate: 1e-2,
};

const retrainPreset: RetrainRunOptions = {
  ...retrainDefaults,
  ...dataDefaults,
  ...deviceDefaults,
  channels: 16,
  cells: 5,
  epochs: 5,
  batch: 96,
  learningRate: 0.1,
  dropPath: 0,
  auxiliaryWeight: 0,
  crop: 2,
  cutout: 0,
};

export const quickstartCommand = defineCommand({
  name: 'quickstart',
  describe: 'search → retrain → export → verify in a few minutes, on the embedded images or yours',
  options: [...dataOptionNames, ...deviceOptionNames, 'seed', 'maxSteps', 'out', 'resume'],
  defaults: {
    ...dataDefaults,
    ...deviceDefaults,
    threads: 'all cores',
    seed: searchDefaults.seed,
    out: 'the first free of runs/quickstart, runs/quickstart-2, …',
    maxSteps: 'the preset of each stage',
    resume: false,
  },
  examples: [
    ['quickstart', 'from nothing to a model that "nas serve" serves'],
    ['quickstart --data photos --image-size 28', 'the same with your own images, one sub-folder a class'],
  ],
  run: async ({ given, print }) => {
    const { quickstart } = await import('../tasks/quickstart.ts');
    const presets = { search: searchPreset, retrain: retrainPreset };
    print(await interruptible((signal) => quickstart(presets, given, signal)));
  },
});
