import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { formatResult, shellWord } from '../output.ts';
import { selectDefaults, selectNames } from '../run-options.ts';

export const selectCommand = defineCommand({
  name: 'select',
  argument: { name: 'run', describe: 'the folder of several searches (nas search --seeds)' },
  describe: 'compare what several searches have found by short retrainings, and keep the best',
  options: [...selectNames, 'resume'],
  describes: {
    seed: 'the seed of the first retraining and of what is held out',
    seeds: 'retrainings of each genotype, with seeds from --seed on',
    resume: 'continue the selection where it was interrupted',
    trainPortion: 'part of the training images to train on; the rest is to compare on',
  },
  defaults: { ...selectDefaults, data: "the searches'", threads: 'all cores', resume: false },
  examples: [
    ['select runs/y', 'then "nas retrain runs/y" trains the selected genotype'],
    ['select runs/y --epochs 20 --cells 8', 'a longer comparison'],
    ['select runs/y --resume', 'continue an interrupted selection'],
  ],
  run: async ({ argument, given, print }) => {
    const { runSelect } = await import('../tasks/select.ts');
    const { resume = false, ...options } = given;
    const place = { resume, again: `nas select ${shellWord(argument)} --resume` };
    const result = await interruptible((signal) =>
      runSelect(argument, selectDefaults, options, place, signal),
    );
    // The table has no room for the genotypes; that of the selected one stands above it.
    const candidates = result.candidates.map(({ genotype: _text, accuracies, ...figures }) => ({
      ...figures,
      accuracies: accuracies.map((accuracy) => Number(accuracy.toFixed(4))),
    }));
    print(result, formatResult({ ...result, candidates }));
  },
});
