import { httpDefaults, modelDefaults, serveDefaults, usualBatchSize } from '../../serve/defaults.ts';
import { defineCommand } from '../command.ts';

const defaults = { port: 8000, host: serveDefaults.host } as const;

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
    device: modelDefaults.device,
    threads: 'the cores, divided by the instances',
    instances: 'one a core, or 1: measured for each model',
    maxBatchSize: `measured for each model, at most ${usualBatchSize}`,
    maxQueueDelay: modelDefaults.maxQueueDelayMs,
    adaptiveDelay: modelDefaults.adaptiveDelay,
    maxQueueSize: modelDefaults.maxQueueSize,
    timeout: 'none',
    poll: 'never',
    bodyLimit: httpDefaults.bodyLimit,
    requestTimeout: httpDefaults.requestTimeout,
    drainTimeout: serveDefaults.drainTimeout,
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
