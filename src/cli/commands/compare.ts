import { InputError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { textTable } from '../output.ts';
import { deviceDefaults } from '../setting.ts';

export const compareCommand = defineCommand({
  name: 'compare',
  argument: { name: 'runs', describe: 'folders of runs', several: true },
  describe: 'a table of runs: accuracy, size, latency and times, mean ± deviation over seeds',
  options: ['latency', 'device', 'threads'],
  defaults: { latency: false, device: deviceDefaults.device, threads: 'all cores' },
  examples: [
    ['compare runs/a runs/b', 'two runs'],
    [
      'compare runs/* --latency --threads 1 --json',
      'all runs, with the time that an image takes, for machines',
    ],
  ],
  run: async ({ arguments: runs, given, print }) => {
    const { latency = false, ...options } = given;
    const unused = (['device', 'threads'] as const).find((name) => options[name] !== undefined);
    if (!latency && unused) throw new InputError(`--${unused} is for measuring: give --latency too`);
    const { compare } = await import('../tasks/compare.ts');
    const { runs: summaries, table } = await compare(
      runs,
      latency ? { ...deviceDefaults, ...options } : undefined,
    );
    print({ runs: summaries }, [...textTable(table), '', ...table.notes].join('\n').trimEnd().concat('\n'));
  },
});
