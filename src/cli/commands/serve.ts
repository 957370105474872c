import { defineCommand } from '../command.ts';

const defaults = { port: 8000, host: '127.0.0.1' } as const;

export const serveCommand = defineCommand({
  name: 'serve',
  argument: { name: 'models', describe: 'a folder <model>/<version>/model.onnx, or one .onnx file' },
  describe: 'answer HTTP requests with models, by the Open Inference Protocol',
  options: ['port', 'host', 'threads', 'log'],
  defaults: { ...defaults, threads: 'all cores', log: false },
  examples: [['serve models', 'serve the shipped model on http://127.0.0.1:8000']],
  run: async ({ argument, given, print }) => {
    const { runServer } = await import('../tasks/serve.ts');
    await runServer(argument, { ...defaults, ...given }, print);
  },
});
