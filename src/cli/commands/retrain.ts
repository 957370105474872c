import { defineCommand } from '../command.ts';
import { interruptible } from '../interruption.ts';
import { shellWord } from '../output.ts';
import { retrainRunDefaults, retrainRunNames } from '../run-options.ts';

export const retrainCommand = defineCommand({
  name: 'retrain',
  argument: {
    name: 'genotype',
    describe: "a search's folder, a file, a published name or the text itself: Genotype(…) or |…~0|+|…",
  },
  describe: 'train the network of a genotype from scratch',
  options: [...retrainRunNames, 'out', 'resume'],
  defaults: {
    ...retrainRunDefaults,
    data: "the search's, else embedded",
    threads: 'all cores',
    out: "the search's folder, else runs/<name>",
    resume: false,
  },
  examples: [
    ['retrain runs/x --epochs 40 --channels 16 --cells 8', 'train what the search in runs/x found'],
    ['retrain darts_v2', 'train a published architecture'],
    ['retrain runs/x --resume', 'continue an interrupted training'],
  ],
  run: async ({ argument, given, print }) => {
    const { runRetrain } = await import('../tasks/retrain.ts');
    const { retrainPlace } = await import('../places.ts');
    const { out = retrainPlace(argument), resume = false, ...options } = given;
    const again = `nas retrain ${shellWord(argument)} --out ${shellWord(out)} --resume`;
    const place = { out, resume, again };
    print(await interruptible((signal) => runRetrain(argument, retrainRunDefaults, options, place, signal)));
  },
});
