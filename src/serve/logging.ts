/** The log: lines of JSON on stderr. */

import { type Logger, pino } from 'pino';

/** Bytes that are kept back before they are written, where requests are logged. */
const buffered = 4096;

/**
 * A log of warnings and errors, or of every request as well. Requests are not written one by one but together, at
 * the latest after a second, so that nobody waits for the log; `flush()` writes what is kept back.
 */
export function createLog(requests: boolean): { readonly logger: Logger; readonly flush: () => void } {
  const destination = requests
    ? pino.destination({ fd: 2, sync: false, minLength: buffered, periodicFlush: 1000 })
    : pino.destination({ fd: 2, sync: true });
  const logger = pino({ level: requests ? 'info' : 'warn', base: null }, destination);
  return { logger, flush: () => destination.flushSync() };
}
