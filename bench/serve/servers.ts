/** The servers under test, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ServerProcess {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>;
}

const command = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const peers = fileURLToPath(new URL('../peers/', import.meta.url));
const startLimit = 60_000;

/** Starts a program whose first line of JSON on stdout names its port, and waits until `path` answers 200. */
async function start(
  program: string,
  args: readonly string[],
  path: string,
  { env = {}, log = 'inherit' }: { env?: NodeJS.ProcessEnv; log?: number | 'inherit' } = {},
): Promise<ServerProcess> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', log],
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout as Readable });
    lines.once('line', (line) => resolve((JSON.parse(line) as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`${program} ${args.join(' ')} ended with ${code}`)));
    child.once('error', reject);
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}${path}`);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  return { port, url, pid: child.pid as number, child, stop };
}

async function answering(url: string): Promise<void> {
  const until = Date.now() + startLimit;
  for (;;) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > until) throw new Error(`${url} did not answer 200 within ${startLimit / 1000} s`);
    await sleep(50);
  }
}

/** How the process of `nas serve` is run: options of Node itself, environment, and a file for what it logs. */
export interface NasProcess {
  readonly node?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: number;
}

/** `nas serve`, built, on a free port. */
export const startNas = (
  models: string,
  options: readonly string[] = [],
  { node = [], env = {}, log }: NasProcess = {},
): Promise<ServerProcess> =>
  start(
    process.execPath,
    [...node, command, 'serve', models, '--port', '0', '--json', ...options],
    '/v2/health/ready',
    { env, ...(log !== undefined && { log }) },
  );

export interface FastapiOptions {
  readonly python: string;
  readonly processes: number;
  readonly threads: number;
}

export const startFastapi = (
  model: string,
  { python, processes, threads }: FastapiOptions,
): Promise<ServerProcess> =>
  start(
    python,
    [
      `${peers}serve_fastapi.py`,
      model,
      ...['--port', '0', '--processes', String(processes), '--threads', String(threads)],
    ],
    '/health',
  );
