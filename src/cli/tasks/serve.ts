/** Serves models until the process is told to stop. */
import { type ServeOptions, serve } from '../../serve/index.ts';
import { say } from '../output.ts';

/** @param announce called once the server listens */
export async function runServer(
  models: string,
  options: ServeOptions,
  announce: (address: { readonly url: string; readonly port: number }) => void,
): Promise<void> {
  const server = await serve(models, options);
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  announce({ url: server.url, port: server.port });
  say('serving; stop with Ctrl-C');
  await stopped;
  say('stopping: finishing what is in flight');
  await server.close();
}
