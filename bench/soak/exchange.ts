/** One HTTP request and its answer, on kept connections; and requests that are given up. */
import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Outgoing {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
  /** Milliseconds between the pieces of the body; by default it is sent at once. */
  readonly pause?: number;
  /** Give up so many milliseconds after the last byte was sent. */
  readonly abandonAfter?: number;
}

export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const pieces = 5;
/** An answer that takes longer counts as lost. */
const patience = 30_000;

export class Client {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** The answer; undefined where the request was given up. Rejects where the connection is lost. */
  send({
    method = 'POST',
    path,
    headers,
    body,
    pause,
    abandonAfter,
  }: Outgoing): Promise<Incoming | undefined> {
    return new Promise((resolve, reject) => {
      const length = body && pause === undefined ? { 'content-length': body.length } : {};
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          agent: this.agent,
          method,
          path,
          headers: { ...length, ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
          response.once('error', reject);
        },
      );
      outgoing.setTimeout(patience, () =>
        outgoing.destroy(new Error(`no answer within ${patience / 1000} s`)),
      );
      outgoing.on('error', (error) => (abandonAfter === undefined ? reject(error) : resolve(undefined)));
      const finish = async (): Promise<void> => {
        if (body && pause !== undefined) {
          const size = Math.ceil(body.length / pieces);
          for (let at = 0; at < body.length && !outgoing.destroyed; at += size) {
            outgoing.write(body.subarray(at, at + size));
            await sleep(pause);
          }
          outgoing.end();
        } else outgoing.end(body);
        if (abandonAfter === undefined) return;
        await sleep(abandonAfter);
        outgoing.destroy();
        resolve(undefined);
      };
      finish().catch(reject);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
