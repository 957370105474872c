import { retrainDefaults } from '../../retrain/options.ts';
import { defineCommand } from '../command.ts';

const { channels, cells } = retrainDefaults;
const defaults = { channels, cells, classes: 10, imageChannels: 3, height: 32, width: 32 };

export const infoCommand = defineCommand({
  name: 'info',
  argument: { name: 'genotype', describe: 'as for retrain' },
  describe: 'size of the network of a genotype: parameters (without auxiliary head) and multiply–accumulates',
  options: ['channels', 'cells', 'classes', 'imageChannels', 'height', 'width'],
  defaults,
  examples: [['info darts_v2 --channels 36 --cells 20 --classes 10', 'the network of the paper']],
  run: async ({ argument, given, print }) => {
    const { describeGenotype } = await import('../tasks/info.ts');
    print(describeGenotype(argument, defaults, given));
  },
});
