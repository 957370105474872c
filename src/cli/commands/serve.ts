import type { CommandModule } from 'yargs';
import { givenOptions, type OptionName, yargsOptions } from '../options.ts';
import { say } from '../output.ts';

interface ServeCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly threads: number;
}

const defaults = { port: 8000, host: '127.0.0.1' } as const;
const kept = ['port', 'host', 'threads'] as const satisfies OptionName[];

export const serveCommand: CommandModule = {
  command: 'serve <models>',
  describe:
    'answer HTTP requests with the models in a folder (<model>/<version>/model.onnx) or one .onnx file',
  builder: (yargs) =>
    yargs
      .positional('models', { type: 'string', demandOption: true })
      .options(yargsOptions([...kept, 'json'], defaults))
      .example('$0 serve models', 'serve the shipped model on http://127.0.0.1:8000'),
  handler: async (argv) => {
    const { serve } = await import('../../serve/index.ts');
    const options = { ...defaults, ...givenOptions<ServeCommandOptions>(kept, argv) };
    const { json = false } = givenOptions<{ json: boolean }>(['json'], argv);
    const server = await serve(String(argv.models), options);
    if (json) process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port })}\n`);
    else say(`serving on ${server.url}; stop with Ctrl-C`);
    await new Promise<void>((resolve) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
    });
    say('stopping: finishing what is in flight');
    await server.close();
  },
};
