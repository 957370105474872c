import { InputError } from '../../errors.ts';
import { searchDefaults } from '../../search/options.ts';
import { defineCommand } from '../command.ts';
import { dataOptionNames } from '../options.ts';
import { dataDefaults } from '../setting.ts';

const { space, channels, cells } = searchDefaults;
const defaults = { space, channels, cells, ...dataDefaults, device: 'auto' } as const;

export const profileCommand = defineCommand({
  name: 'profile',
  describe: 'measure how long each operation of a space takes here, for a search within a budget of latency',
  options: ['space', 'channels', 'cells', ...dataOptionNames, 'device', 'threads', 'latencyTable'],
  defaults: { ...defaults, threads: 'all cores' },
  examples: [
    ['profile --channels 16 --cells 8 --threads 1 --latency-table cpu.json', 'on this machine, one core'],
    ['search --channels 16 --cells 8 --budget latency=2ms --latency-table cpu.json', 'what it is for'],
  ],
  run: async ({ given, print }) => {
    const { latencyTable, ...options } = given;
    if (!latencyTable) throw new InputError('say where to write the table: --latency-table FILE.json');
    const { runProfile } = await import('../tasks/profile.ts');
    print(await runProfile(defaults, options, latencyTable));
  },
});
