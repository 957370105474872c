import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { FailureError, InputError, messageOf } from '../errors.ts';
import { requireKinds, requireKnown } from '../kinds.ts';
import { type AppOptions, createApp } from './app.ts';
import { serveDefaults } from './defaults.ts';
import { createLog } from './logging.ts';
import { configOf, type ModelConfig } from './models/config.ts';
import { openRegistry } from './models/registry.ts';
import { serveOptionKinds } from './option-kinds.ts';

export interface ServeOptions extends Pick<AppOptions, 'bodyLimit' | 'requestTimeout' | 'idleTimeout'> {
  /** 0 takes a free port. */
  readonly port: number;
  /** The address to listen on; by default only this machine can connect. */
  readonly host?: string | undefined;
  /** How models are served whose `config.json` does not say. */
  readonly models?: Partial<ModelConfig>;
  /** Rows of a batch where `max_batch_size` is not configured and batches are possible; 0: none; by default measured. */
  readonly usualBatchSize?: number | undefined;
  /** Seconds between looks at the repository for what has changed; by default it is not looked at again. */
  readonly poll?: number | undefined;
  /** A file that holds the token which clients have to send. */
  readonly tokenFile?: string | undefined;
  /** Files of a certificate (chain) and its private key, in PEM: both, or none. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  /** Seconds that requests may take to be finished once the server is to close. */
  readonly drainTimeout?: number | undefined;
  /** Writes every request to stderr as lines of JSON, and not only warnings and errors. */
  readonly log?: boolean | undefined;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  /**
   * Is not ready any more, accepts no more connections, finishes what is in progress and releases the models. Can be
   * called twice.
   * @throws FailureError where that takes longer than it may. Clients are cut off then, and what they wait for is
   *   not run; a run that has begun is waited for: nothing can end it
   */
  close(): Promise<void>;
}

/**
 * Serves the models at a path (see `findModels`) over HTTP. When the promise resolves, all of them (where the repository
 * is polled, all that can be) are loaded and warm, and the server listens.
 *
 * @throws InputError where a model, a configuration or a file cannot be used, FailureError where it cannot listen
 */
export async function serve(path: string, options: ServeOptions): Promise<Server> {
  const { models = {}, ...own } = options;
  requireKnown(own, serveOptionKinds);
  const { port: _needed, ...optional } = serveOptionKinds;
  requireKinds(own, serveOptionKinds, Object.keys(optional) as (keyof typeof optional)[]);
  const defaults = configOf(models, 'models');
  const {
    port,
    host = serveDefaults.host,
    drainTimeout = serveDefaults.drainTimeout,
    poll,
    log = false,
  } = options;
  const [token, tls] = [await readToken(options.tokenFile), await readTls(options)];
  const { logger, flush } = createLog(log);
  const warn = (message: string): void => logger.warn(message);
  const registry = await openRegistry(path, {
    defaults,
    usualBatchSize: options.usualBatchSize,
    warn,
    info: (message) => logger.info(message),
    polls: poll !== undefined,
  });
  const { bodyLimit, requestTimeout, idleTimeout } = options;
  const app = createApp(registry, {
    ...(bodyLimit !== undefined && { bodyLimit }),
    ...(requestTimeout !== undefined && { requestTimeout }),
    ...(idleTimeout !== undefined && { idleTimeout }),
    ...(token !== undefined && { token }),
    ...(tls && { tls }),
    logger,
    logRequests: log,
  });
  const stopPolling = poll === undefined ? async () => {} : every(poll, registry.poll, warn);

  const finish = async (): Promise<void> => {
    // What the last poll loads may take longer than all requests: meanwhile no more are accepted.
    await Promise.all([stopPolling(), app.close()]);
    await registry.close();
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (!closed) logger.info('stopping: finishing what is in flight');
    closed ??= within(drainTimeout, finish(), () => app.server.closeAllConnections()).finally(flush);
    return closed;
  };
  try {
    await app.listen({ port, host });
  } catch (error) {
    await close();
    throw listenError(error, host, port);
  }
  const address = app.server.address() as AddressInfo;
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `${tls ? 'https' : 'http'}://${shownHost}:${address.port}`, port: address.port, close };
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const token = (await readGiven(file, 'the token')).toString().trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new InputError(`${file}: expected a token: one word of visible ASCII characters`);
}

async function readTls({ tlsCert, tlsKey }: ServeOptions): Promise<AppOptions['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    const [given, missing] = tlsCert === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    throw new InputError(`TLS needs a certificate and its key: there is a ${given} and no ${missing}`);
  }
  const tls = { cert: await readGiven(tlsCert, 'the certificate'), key: await readGiven(tlsKey, 'the key') };
  try {
    createSecureContext(tls);
  } catch (error) {
    throw new InputError(`${tlsCert} and ${tlsKey} are no certificate and key in PEM: ${messageOf(error)}`);
  }
  return tls;
}

async function readGiven(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(`${file}: cannot read ${what}: ${messageOf(error)}`);
  }
}

/** Does something again and again, with pauses of so many seconds; the result ends that, once it rests. */
function every(
  seconds: number,
  work: () => Promise<void>,
  warn: (message: string) => void,
): () => Promise<void> {
  let stopped = false;
  let running = Promise.resolve();
  let timer: NodeJS.Timeout;
  const again = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work()
        .catch((error) => warn(`looking at the repository failed: ${messageOf(error)}`))
        .finally(again);
    }, seconds * 1000);
  };
  again();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}

/** Waits for work; after so many seconds cuts off what it waits for, and fails when it has ended all the same. */
async function within(seconds: number, work: Promise<void>, cutOff: () => void): Promise<void> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    cutOff();
  }, seconds * 1000);
  await work.finally(() => clearTimeout(timer));
  if (late) throw new FailureError(`not all requests could be finished within ${seconds} s`);
}

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
