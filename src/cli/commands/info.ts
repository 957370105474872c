import type { CommandModule } from 'yargs';
import { retrainDefaults } from '../../retrain/options.ts';
import { givenOptions, type OptionName, yargsOptions } from '../options.ts';
import { printResult } from '../output.ts';

interface InfoOptions {
  readonly channels: number;
  readonly cells: number;
  readonly classes: number;
  readonly imageChannels: number;
  readonly height: number;
  readonly width: number;
}

const defaults: InfoOptions = {
  channels: retrainDefaults.channels,
  cells: retrainDefaults.cells,
  classes: 10,
  imageChannels: 3,
  height: 32,
  width: 32,
};
const kept = [
  'channels',
  'cells',
  'classes',
  'imageChannels',
  'height',
  'width',
] as const satisfies OptionName[];

export const infoCommand: CommandModule = {
  command: 'info <genotype>',
  describe: 'size of the network of a genotype: parameters (without auxiliary head) and multiply–accumulates',
  builder: (yargs) =>
    yargs
      .positional('genotype', { type: 'string', demandOption: true, describe: 'as for retrain' })
      .options(yargsOptions([...kept, 'json'], defaults))
      .example('$0 info darts_v2 --channels 36 --cells 20 --classes 10', 'the network of the paper'),
  handler: async (argv) => {
    const { loadGenotype } = await import('../../search/genotype-file.ts');
    const { formatGenotype } = await import('../../search/genotype.ts');
    const { networkCost } = await import('../../export/cost.ts');
    const options = { ...defaults, ...givenOptions<InfoOptions>(kept, argv) };
    const { json = false } = givenOptions<{ json: boolean }>(['json'], argv);
    const genotype = loadGenotype(String(argv.genotype));
    printResult({ ...networkCost(genotype, options), ...options, genotype: formatGenotype(genotype) }, json);
  },
};
