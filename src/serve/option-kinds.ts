/** Which values the options of a server take. */
import { amount, count, flag, type Kinds, port, positive, text } from '../kinds.ts';
import type { ServeOptions } from './server.ts';

/** Of all but `models`, whose values `config.ts` knows. */
export const serveOptionKinds: Kinds<Omit<ServeOptions, 'models'>> = {
  port,
  host: text,
  usualBatchSize: amount,
  poll: positive,
  tokenFile: text,
  tlsCert: text,
  tlsKey: text,
  bodyLimit: count,
  requestTimeout: positive,
  idleTimeout: positive,
  drainTimeout: positive,
  log: flag,
};
