/** Serves models until the process is told to stop. */
import { type ModelConfig, type ServeOptions, serve } from '../../serve/index.ts';
import type { Given } from '../options.ts';
import { say } from '../output.ts';
import { deviceOf } from '../setting.ts';

type ModelOption =
  | 'device'
  | 'threads'
  | 'instances'
  | 'maxBatchSize'
  | 'maxQueueDelay'
  | 'adaptiveDelay'
  | 'maxQueueSize'
  | 'timeout';

/** @param announce called once the server listens */
export async function runServer(
  models: string,
  options: Omit<ServeOptions, 'models'> & Given<ModelOption>,
  announce: (address: { readonly url: string; readonly port: number }) => void,
): Promise<void> {
  const server = await serve(models, {
    ...options,
    usualBatchSize: options.maxBatchSize,
    models: await modelDefaults(options),
  });
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  announce({ url: server.url, port: server.port });
  say('serving; stop with Ctrl-C');
  await stopped;
  say('stopping: finishing what is in flight');
  await server.close();
}

/** How models are served whose config.json does not say. */
async function modelDefaults(options: Given<ModelOption>): Promise<Partial<ModelConfig>> {
  const { device, threads, instances, maxQueueDelay, adaptiveDelay, maxQueueSize, timeout } = options;
  return {
    ...(device && { device: await deviceOf({ device }) }),
    ...(threads && { threads }),
    ...(instances && { instances }),
    ...(maxQueueDelay !== undefined && { maxQueueDelayMs: maxQueueDelay }),
    ...(adaptiveDelay !== undefined && { adaptiveDelay }),
    ...(maxQueueSize && { maxQueueSize }),
    ...(timeout !== undefined && { defaultTimeoutMs: timeout }),
  };
}
