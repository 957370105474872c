/**
 * A soak: clients of every kind against `nas serve` for some time, while its models are reloaded and its workers killed.
 * Every answer is compared with what it must be; memory and responsiveness are watched; in the end it is told to stop.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { random } from '../../src/random.ts';
import { withFolder } from '../harness/folder.ts';
import { nasMessages, samplesOf, wireOf } from '../serve/bodies.ts';
import { percentile } from '../serve/load.ts';
import { rawLogits } from '../serve/logits.ts';
import { writeModels } from '../serve/models.ts';
import { startNas } from '../serve/servers.ts';
import { choose, Mismatch, type Subject } from './actions.ts';
import { type DrainResult, drainUnderLoad } from './drain.ts';
import { Client } from './exchange.ts';
import { type MemorySample, type MemoryTrend, memoryTrend, residentMegabytes, watchHealth } from './watch.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly connections: number;
  /** Workers to kill, evenly over the time. */
  readonly kills: number;
  /** Between reloads. */
  readonly reloadSeconds: number;
  readonly seed: number;
  /** Of the server, besides this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Largest growth of the memory after the warm-up, but for what crashes leave behind, as a share. */
  readonly growthLimit: number;
  /** Largest 99th percentile of the health endpoint's latency, in milliseconds. */
  readonly healthLimit: number;
  readonly say?: (line: string) => void;
}

export interface SoakReport {
  /** How often each kind of request was made and answered as it must be. */
  readonly done: Readonly<Record<string, number>>;
  readonly reloads: number;
  /** For each worker that was killed, the requests that failed for it, and the reasons they were given. */
  readonly kills: readonly { readonly failed: number; readonly reasons: readonly string[] }[];
  readonly memory: MemoryTrend;
  readonly memorySamples: readonly MemorySample[];
  readonly health: Readonly<Record<'p50' | 'p99' | 'max', number>>;
  readonly drain: DrainResult;
  /** Whatever should not have been; empty where all is well. */
  readonly problems: readonly string[];
}

const bodyLimit = 2 ** 20;
/** Largest batch, and thereby the most requests that one worker can take with it. */
const maxBatchSize = 32;
const memoryInterval = 1000;
/** Seconds until reloads and allocator have found their level: it was seen to rise for some two minutes, and then no more. */
const memoryWarmup = 120;
const healthInterval = 50;
/** Requests that a killed worker had in hand are answered within this time. */
const killWindow = 3000;
const mostProblems = 20;

const hook = fileURLToPath(new URL('worker-killer.js', import.meta.url));

export const soak = (options: SoakOptions): Promise<SoakReport> =>
  withFolder((folder) => soakIn(folder, options));

async function soakIn(scratch: string, options: SoakOptions): Promise<SoakReport> {
  const [model] = writeModels(join(scratch, 'models'), ['fashion-mnist']);
  if (!model) throw new Error('the shipped model is missing');
  const kills = join(scratch, 'kills');
  mkdirSync(kills);
  const logFile = join(scratch, 'log');
  const log = openSync(logFile, 'w');
  const samples = await samplesOf(model.shape, 24);
  const logits = await rawLogits(model, samples);
  const server = await startNas(
    model.folder,
    [
      ...['--instances', '2', '--threads', '1', '--body-limit', String(bodyLimit)],
      ...['--max-batch-size', String(maxBatchSize)],
    ],
    { node: ['--import', hook], env: { ...options.environment, SOAK_KILLS: kills }, log },
  );
  try {
    return await soakServer(server, { model, samples, logits, bodyLimit }, { kills, logFile }, options);
  } finally {
    server.child.kill('SIGKILL');
    closeSync(log);
  }
}

async function soakServer(
  server: Awaited<ReturnType<typeof startNas>>,
  subject: Subject,
  { kills: killFolder, logFile }: { kills: string; logFile: string },
  options: SoakOptions,
): Promise<SoakReport> {
  const { seconds, connections, seed, say = () => {} } = options;
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < mostProblems) problems.push(problem);
    say(`PROBLEM: ${problem}`);
  };
  const done: Record<string, number> = {};
  const kills: { at: number; failed: number; reasons: Set<string> }[] = [];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const running = (): boolean => elapsed() < seconds;

  const runClient = async (index: number): Promise<void> => {
    const client = new Client(server.port);
    const generator = random(seed, 'soak', index);
    while (running()) {
      const action = choose(generator);
      try {
        await action.run(client, subject, generator);
        done[action.name] = (done[action.name] ?? 0) + 1;
      } catch (error) {
        const kill = kills.at(-1);
        const ofKill = error instanceof Mismatch && error.status === 500 && kill !== undefined;
        if (ofKill && performance.now() - kill.at < killWindow) {
          kill.failed++;
          kill.reasons.add(error.message.replace(/^.*got 500: /, ''));
        } else
          note(
            `${elapsed().toFixed(1)} s, ${action.name}: ${error instanceof Error ? error.message : error}`,
          );
      }
    }
    client.close();
  };

  let reloads = 0;
  const reload = async (): Promise<void> => {
    const client = new Client(server.port);
    for (;;) {
      await sleep(1000 * options.reloadSeconds);
      if (!running()) break;
      const path = `/v2/repository/models/${subject.model.name}/load`;
      const answer = await client.send({ path, body: Buffer.from('{}') }).catch(String);
      if (typeof answer === 'object' && answer.status === 200) reloads++;
      else note(`reloading: ${typeof answer === 'object' ? answer.body.toString() : answer}`);
    }
    client.close();
  };

  const kill = async (): Promise<void> => {
    for (let i = 0; i < options.kills; i++) {
      await sleep((1000 * seconds) / (options.kills + 1));
      kills.push({ at: performance.now(), failed: 0, reasons: new Set() });
      server.child.kill('SIGUSR2');
    }
  };

  const memorySamples: MemorySample[] = [];
  const sampling = setInterval(() => {
    memorySamples.push({ seconds: elapsed(), megabytes: residentMegabytes(server.pid) });
    const [{ megabytes } = { megabytes: 0 }] = memorySamples.slice(-1);
    if (memorySamples.length % 15 === 0) {
      const count = Object.values(done).reduce((a, b) => a + b, 0);
      say(`${elapsed().toFixed(0)} s: ${count} requests, ${megabytes.toFixed(0)} MB, ${reloads} reloads`);
    }
  }, memoryInterval);
  const healthClient = new Client(server.port);
  const watching = watchHealth(healthClient, healthInterval);
  await Promise.all([reload(), kill(), ...Array.from({ length: connections }, (_, i) => runClient(i))]);
  clearInterval(sampling);
  const latencies = await watching.stop();
  healthClient.close();

  const requests = subject.samples.map((sample) =>
    wireOf(nasMessages.binary(sample, subject.model.shape, subject.model.name)),
  );
  // So many that the last ones wait for longer than the drain's margin.
  const drain = await drainUnderLoad(server, requests, 256);
  for (const problem of drain.problems) note(`SIGTERM: ${problem}`);

  const killed = readdirSync(killFolder).length;
  if (killed !== options.kills) note(`${killed} of ${options.kills} workers were killed`);
  for (const [i, { failed, reasons }] of kills.entries()) {
    if (failed < 1) note(`kill ${i + 1}: no request failed, so none was in its hands or one was lost`);
    // The batch that it ran, and the next one.
    if (failed > 2 * maxBatchSize)
      note(`kill ${i + 1}: ${failed} requests failed, more than two batches hold`);
    for (const reason of reasons)
      if (!/"error":".{10,}"/.test(reason)) note(`kill ${i + 1}: no reason: ${reason}`);
  }
  const logged = errorsIn(readFileSync(logFile, 'utf8'));
  for (const [line, count] of logged) {
    // That a worker died is one.
    if (kills.length > 0 && line.includes('worker thread ended')) continue;
    note(`logged as an error ${count} times: ${line}`);
  }
  const crashes = kills.map(({ at }) => (at - start) / 1000);
  const memory = memoryTrend(memorySamples, Math.min(memoryWarmup, seconds / (options.kills + 2)), crashes);
  if (memory.growth > options.growthLimit) {
    note(`between crashes the memory grew by ${(100 * memory.growth).toFixed(1)} % after the warm-up`);
  }
  const health = {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
  };
  if (health.p99 > options.healthLimit) note(`the health endpoint took ${health.p99.toFixed(0)} ms (p99)`);
  return {
    done,
    reloads,
    kills: kills.map(({ failed, reasons }) => ({ failed, reasons: [...reasons] })),
    memory,
    memorySamples,
    health,
    drain,
    problems,
  };
}

/** pino's number for errors. */
const errorLevel = 50;

/** What a server logged as errors, and how often: nothing that clients do is an error of the server. */
function errorsIn(log: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of log.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    if (level >= errorLevel) counts.set(msg, (counts.get(msg) ?? 0) + 1);
  }
  return counts;
}
