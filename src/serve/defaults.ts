/**
 * What a server does unless it is told otherwise. Nothing is imported: the command's help shows these values without
 * loading the server.
 */

export const serveDefaults = {
  /** Only this machine can connect. */
  host: '127.0.0.1',
  /** Seconds. */
  drainTimeout: 30,
} as const;

export const httpDefaults = {
  /** Bytes. */
  bodyLimit: 64 * 2 ** 20,
  /** Seconds. */
  requestTimeout: 60,
  /** Seconds. */
  idleTimeout: 75,
} as const;

/** Of a model, where neither its `config.json` nor the command says. */
export const modelDefaults = {
  device: 'cpu',
  maxQueueDelayMs: 0,
  adaptiveDelay: false,
  maxQueueSize: 1024,
} as const;

/** The most rows of a batch where nothing is configured. */
export const usualBatchSize = 32;
