import { defineCommand } from '../command.ts';

export const reportCommand = defineCommand({
  name: 'report',
  argument: { name: 'run', describe: 'the folder of a run' },
  describe: 'write what a run has come to as one HTML file',
  options: ['out', 'svg'],
  describes: { out: 'the file to write; with --svg: the folder for a file of each kind of cell' },
  defaults: { out: '<run>/report.html; with --svg: <run>', svg: false },
  examples: [
    ['report runs/x', 'runs/x/report.html, to be opened in a browser, sent or printed'],
    ['report runs/x --svg --out figures', 'figures/normal.svg and figures/reduce.svg'],
  ],
  run: async ({ argument, given, print }) => {
    const { writeReport, writeDrawings } = await import('../tasks/report.ts');
    print(given.svg ? writeDrawings(argument, given.out) : writeReport(argument, given.out));
  },
});
