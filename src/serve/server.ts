import type { AddressInfo } from 'node:net';
import { FailureError, messageOf } from '../errors.ts';
import { createApp } from './app.ts';
import { loadModel, type Model, warmUp } from './model.ts';
import { findModels } from './repository.ts';

export interface ServeOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** The address to listen on; by default only this machine can connect. */
  readonly host?: string | undefined;
  /** Threads that one model may use; by default onnxruntime decides. */
  readonly threads?: number | undefined;
  /** The largest request body in bytes. */
  readonly bodyLimit?: number | undefined;
  /** Writes every request to stderr as lines of JSON, and not only warnings and errors. */
  readonly log?: boolean | undefined;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  /** Accepts no more connections, finishes what is in progress and releases the models. Can be called twice. */
  close(): Promise<void>;
}

/**
 * Serves the models at a path (see {@link findModels}) over HTTP. When the promise resolves, all of them are
 * loaded and warm and the server listens.
 */
export async function serve(path: string, options: ServeOptions): Promise<Server> {
  const { port, host = '127.0.0.1', threads, bodyLimit, log = false } = options;
  const models = await loadModels(path, threads);
  const app = createApp(models, {
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    logger: { level: log ? 'info' : 'warn', stream: process.stderr },
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= app.close().then(() => closeAll(models));
    return closed;
  };
  try {
    for (const model of models) {
      const failure = await warmUp(model);
      if (failure)
        app.log.warn(`model ${model.name}/${model.version}: warming up failed: ${failure.message}`);
    }
    await app.listen({ port, host });
  } catch (error) {
    await close();
    throw listenError(error, host, port);
  }
  const address = app.server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${shownHost}:${address.port}`, port: address.port, close };
}

/** All of the models, or none: if one cannot be loaded, the others are released. */
async function loadModels(path: string, threads: number | undefined): Promise<Model[]> {
  const files = await findModels(path);
  const results = await Promise.allSettled(files.map((file) => loadModel(file, threads)));
  const models = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return models;
  await closeAll(models);
  throw failed.reason;
}

const closeAll = async (models: readonly Model[]): Promise<void> => {
  await Promise.all(models.map(({ session }) => session.close()));
};

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port: stop it, or choose another port (0 takes a free one)',
  EACCES: 'this port needs privileges: choose one from 1024',
  EADDRNOTAVAIL:
    'this machine does not have this address: 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses',
  ENOTFOUND: 'this host name is not known: 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses',
};

function listenError(error: unknown, host: string, port: number): FailureError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new FailureError(`cannot listen on ${host}, port ${port}: ${advice[code] ?? messageOf(error)}`);
}
