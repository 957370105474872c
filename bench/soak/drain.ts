/** SIGTERM under load: what was sent before it must be answered; what comes after may be, or finds the door closed. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { framing } from '../serve/load.ts';
import type { ServerProcess } from '../serve/servers.ts';

export interface DrainResult {
  /** Requests sent at least {@link margin} milliseconds before the signal and not answered by then. */
  readonly inFlight: number;
  readonly answered: number;
  /** Answers to requests that were sent after the signal. */
  readonly answeredLater: number;
  readonly exitCode: number | null;
  /** From the signal to the end of the process. */
  readonly seconds: number;
  readonly problems: readonly string[];
}

/** A request that was sent this many milliseconds ago has been accepted by the kernel, and read by the server. */
const margin = 20;
const limit = 20_000;

export async function drainUnderLoad(
  server: ServerProcess,
  requests: readonly Buffer[],
  connections: number,
): Promise<DrainResult> {
  const problems: string[] = [];
  let signalled = Number.POSITIVE_INFINITY;
  let inFlight = 0;
  let answered = 0;
  let answeredLater = 0;
  let next = 0;
  const waiting = new Map<symbol, number>();

  const drive = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true });
      const key = Symbol();
      let received = Buffer.alloc(0);
      const send = (): void => {
        received = Buffer.alloc(0);
        waiting.set(key, performance.now());
        socket.write(requests[next++ % requests.length] as Buffer);
      };
      socket.once('connect', send);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        const answer = framing(received);
        if (!answer || received.length < answer.length) return;
        const sent = waiting.get(key) ?? 0;
        waiting.delete(key);
        if (sent < signalled - margin) {
          if (answer.status !== 200) problems.push(`an accepted request was answered ${answer.status}`);
          else if (performance.now() > signalled) answered++;
        } else if (performance.now() > signalled) answeredLater++;
        const closing = /\r\nconnection: close\r\n/i.test(received.toString('latin1'));
        if (!closing) send();
      });
      socket.on('error', () => {});
      socket.once('close', () => {
        const sent = waiting.get(key);
        if (sent !== undefined && sent < signalled - margin) {
          problems.push('an accepted request was not answered');
        } else if (received.length > 0 && sent !== undefined) problems.push('an answer was cut off');
        waiting.delete(key);
        resolve();
      });
    });

  const driving = Promise.all(Array.from({ length: connections }, drive));
  await sleep(1000);
  const exit = once(server.child, 'exit') as Promise<[number | null]>;
  signalled = performance.now();
  inFlight = [...waiting.values()].filter((sent) => sent < signalled - margin).length;
  server.child.kill('SIGTERM');
  const ended = await Promise.race([exit, sleep(limit, undefined, { ref: false })]);
  if (!ended) {
    problems.push(`the server did not end within ${limit / 1000} s`);
    server.child.kill('SIGKILL');
  }
  const seconds = (performance.now() - signalled) / 1000;
  await driving;
  const exitCode = ended?.[0] ?? null;
  if (exitCode !== 0) problems.push(`expected exit code 0, got ${exitCode}`);
  if (answered < inFlight)
    problems.push(`${inFlight - answered} of ${inFlight} accepted requests unanswered`);
  if (inFlight === 0) problems.push('nothing was in flight at the signal: this shows nothing');
  return { inFlight, answered, answeredLater, exitCode, seconds, problems };
}
