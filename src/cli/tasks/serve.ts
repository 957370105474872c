/** Serves models until the process is told to stop. */
import { ofKinds } from '../../kinds.ts';
import { type ModelConfig, type ServeOptions, serve } from '../../serve/index.ts';
import { serveOptionKinds } from '../../serve/option-kinds.ts';
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

const signals = ['SIGINT', 'SIGTERM'] as const;

/** @param announce called once the server listens */
export async function runServer(
  models: string,
  options: Omit<ServeOptions, 'models'> & Given<ModelOption>,
  announce: (address: { readonly url: string; readonly port: number }) => void,
): Promise<void> {
  const server = await serve(models, {
    ...ofKinds(options, serveOptionKinds),
    usualBatchSize: options.maxBatchSize,
    models: await modelDefaults(options),
  });
  const stopped = new Promise<void>((resolve) => {
    // Whatever comes after the first ends the process at once, as signals do that nobody listens to.
    const stop = (): void => {
      for (const name of signals) process.off(name, stop);
      resolve();
    };
    for (const name of signals) process.on(name, stop);
  });
  announce({ url: server.url, port: server.port });
  // The log says so itself, in its own form.
  const tell = options.log ? () => {} : say;
  tell('serving; stop with Ctrl-C');
  await stopped;
  tell('stopping: finishing what is in flight');
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
