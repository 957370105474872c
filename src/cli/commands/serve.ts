import { defineCommand } from '../command.ts';

const defaults = { port: 8000, host: '127.0.0.1' } as const;

export const serveCommand = defineCommand({
  name: 'serve',
  argument: { name: 'models', describe: 'a folder <model>/<version>/model.onnx, or one .onnx file' },
  describe: 'answer HTTP requests with models, by the Open Inference Protocol',
  options: [
    'port',
    'host',
    'device',
    'threads',
    'instances',
    'maxBatchSize',
    'maxQueueDelay',
    'adaptiveDelay',
    'maxQueueSize',
    'timeout',
    'poll',
    'tokenFile',
    'tlsCert',
    'tlsKey',
    'bodyLimit',
    'requestTimeout',
    'drainTimeout',
    'log',
  ],
  defaults: {
    ...defaults,
    device: 'cpu',
    threads: 'the cores, divided by the instances',
    instances: 'one a core, or 1: measured for each model',
    maxBatchSize: 'measured for each model, at most 32',
    maxQueueDelay: 0,
    adaptiveDelay: false,
    maxQueueSize: 1024,
    timeout: 'none',
    poll: 'never',
    bodyLimit: 64 * 2 ** 20,
    requestTimeout: 60,
    drainTimeout: 30,
    log: false,
  },
  examples: [
    ['serve models', 'serve the shipped model on http://127.0.0.1:8000'],
    ['serve models --host 0.0.0.0 --token-file token', 'serve to all who have the token'],
    ['serve models --poll 10', 'load what is put into the folder'],
  ],
  run: async ({ argument, given, print }) => {
    const { runServer } = await import('../tasks/serve.ts');
    await runServer(argument, { ...defaults, ...given }, print);
  },
});
