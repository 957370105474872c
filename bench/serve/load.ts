/**
 * A closed-loop HTTP load: each connection sends its next request once the answer to the last one is complete. It
 * speaks plain HTTP/1.1 on raw sockets and looks at an answer's status and length only, so that it takes as little as
 * possible of the processor that it shares with the server.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  readonly connections: number;
  /** Measured, and before that not measured. */
  readonly seconds: number;
  readonly warmup: number;
  /** Whole requests as they go over the wire; connections take them in turn. */
  readonly requests: readonly Buffer[];
}

export interface LoadResult {
  /** Seconds from the end of the warm-up to the last answer counted. */
  readonly seconds: number;
  /** Answers with status 200. */
  readonly answers: number;
  /** Other statuses, and connections lost before an answer was complete, by what they were. */
  readonly errors: Readonly<Record<string, number>>;
  /** From sending a request to its complete answer, in milliseconds. */
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>;
  /** Processor time of this process while measuring, in seconds. */
  readonly cpu: number;
}

const headEnd = Buffer.from('\r\n\r\n');

/** The status of an answer and its whole length in bytes; undefined while its head is incomplete. */
export function framing(bytes: Buffer): { status: number; length: number } | undefined {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const body = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (body === undefined) throw new Error(`an answer without Content-Length: ${head}`);
  return { status: Number(head.slice(9, 12)), length: end + headEnd.length + Number(body) };
}

/** Nearest-rank percentile of sorted values. */
export const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? Number.NaN;

/** @throws Error where the server refuses connections, or answers what this client cannot read */
export async function runLoad({ port, connections, seconds, warmup, requests }: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  const errors: Record<string, number> = {};
  const begin = performance.now() + 1000 * warmup;
  const end = begin + 1000 * seconds;
  let next = 0;
  let cpu = process.cpuUsage();
  setTimeout(() => {
    cpu = process.cpuUsage();
  }, 1000 * warmup);

  const count = (what: string, sent: number): void => {
    if (sent >= begin) errors[what] = (errors[what] ?? 0) + 1;
  };

  const drive = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let received: Buffer | undefined;
      let answer: { status: number; length: number } | undefined;
      let sent = 0;
      const send = (): void => {
        sent = performance.now();
        if (sent >= end) {
          socket.end();
          resolve();
          return;
        }
        socket.write(requests[next++ % requests.length] as Buffer);
      };
      socket.once('connect', send);
      socket.on('data', (chunk: Buffer) => {
        received = received ? Buffer.concat([received, chunk]) : chunk;
        try {
          answer ??= framing(received);
        } catch (error) {
          socket.destroy();
          reject(error);
          return;
        }
        if (!answer || received.length < answer.length) return;
        // An answer counts where it arrives within the time, whenever it was asked for.
        const now = performance.now();
        if (answer.status !== 200) count(String(answer.status), sent);
        else if (now >= begin && now < end) latencies.push(now - sent);
        received = undefined;
        answer = undefined;
        send();
      });
      socket.once('error', reject);
      socket.once('close', () => {
        if (performance.now() >= end) return resolve();
        count('connection lost', sent);
        drive().then(resolve, reject);
      });
    });

  await Promise.all(Array.from({ length: connections }, drive));
  const { user, system } = process.cpuUsage(cpu);
  const sorted = Float64Array.from(latencies).sort();
  return {
    seconds,
    answers: sorted.length,
    errors,
    latency: {
      p50: percentile(sorted, 0.5),
      p90: percentile(sorted, 0.9),
      p99: percentile(sorted, 0.99),
      max: percentile(sorted, 1),
    },
    cpu: (user + system) / 1e6,
  };
}
