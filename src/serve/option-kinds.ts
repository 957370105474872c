/** Which values the options of a server take, and the numbers of a model's configuration. */
import {
  amountTo,
  count,
  countTo,
  flag,
  type Kinds,
  milliseconds,
  port,
  seconds,
  text,
  threads,
} from '../kinds.ts';
import type { ModelConfig } from './models/config.ts';
import type { ServeOptions } from './server.ts';

const rows = amountTo(65_536);

/** Of all but `models`, whose values `config.ts` knows. */
export const serveOptionKinds: Kinds<Omit<ServeOptions, 'models'>> = {
  port,
  host: text,
  usualBatchSize: rows,
  poll: seconds,
  tokenFile: text,
  tlsCert: text,
  tlsKey: text,
  bodyLimit: count,
  requestTimeout: seconds,
  idleTimeout: seconds,
  drainTimeout: seconds,
  log: flag,
};

const priority = countTo(100);

export const modelNumberKinds = {
  instances: countTo(64),
  threads,
  maxBatchSize: rows,
  maxQueueDelayMs: milliseconds,
  maxQueueSize: countTo(1_000_000),
  priorityLevels: priority,
  defaultPriority: priority,
  defaultTimeoutMs: milliseconds,
} as const satisfies Partial<Kinds<ModelConfig>>;
