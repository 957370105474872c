import { searchDefaultsOf } from '../../search/method-options.ts';
import { searchDefaults } from '../../search/options.ts';
import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { dataOptionNames, deviceOptionNames } from '../options.ts';
import { type SearchRunOptions, shortRetraining } from '../run-options.ts';
import { dataDefaults, deviceDefaults } from '../setting.ts';

/** Small enough for five minutes on two cores; everything else is as in the paper. */
const searchPreset: SearchRunOptions = {
  ...searchDefaultsOf('darts'),
  ...dataDefaults,
  ...deviceDefaults,
  cells: 3,
  epochs: 2,
  maxSteps: 40,
  batch: 32,
  crop: 2,
  alphaLearningRate: 1e-2,
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
    const presets = { search: searchPreset, retrain: shortRetraining };
    print(await interruptible((signal) => quickstart(presets, given, signal)));
  },
});
