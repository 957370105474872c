/** What is watched while a server is under load: its memory, and whether it still answers at once. */
import { execFileSync } from 'node:child_process';
import { percentile } from '../serve/load.ts';
import type { Client } from './exchange.ts';

export interface MemorySample {
  /** Since the start of the soak. */
  readonly seconds: number;
  /** Resident memory of the server, in MB (10⁶ bytes). */
  readonly megabytes: number;
}

export interface MemoryTrend {
  readonly start: number;
  readonly end: number;
  readonly largest: number;
  /**
   * Megabytes a minute after the warm-up: the median of the slopes between all pairs of samples (Theil–Sen) with no
   * crash between them.
   */
  readonly slope: number;
  /** What that slope makes of the time after the warm-up, as a share of the memory in its middle. */
  readonly growth: number;
  /** What each crash left behind, in MB: between the medians of what lies between it and its neighbours. */
  readonly crashes: readonly number[];
}

/** By `ps`, which Linux and macOS have; in KiB there. */
export const residentMegabytes = (pid: number): number =>
  (Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024) / 1e6;

const middle = (values: readonly number[]): number => percentile(Float64Array.from(values).sort(), 0.5);

/** @param crashes when workers were killed, in seconds: a dead thread does not give back what its allocator holds */
export function memoryTrend(
  samples: readonly MemorySample[],
  warmup: number,
  crashes: readonly number[],
): MemoryTrend {
  const after = samples.filter(({ seconds }) => seconds >= warmup);
  const bounds = [warmup, ...crashes, Number.POSITIVE_INFINITY];
  const between = bounds
    .slice(1)
    .map((end, i) => after.filter(({ seconds }) => seconds >= (bounds[i] as number) && seconds < end));
  const slopes = between.flatMap((part) =>
    part.flatMap((a, i) =>
      part.slice(i + 1).map((b) => (60 * (b.megabytes - a.megabytes)) / (b.seconds - a.seconds)),
    ),
  );
  const [first, last] = [after[0], after.at(-1)];
  const slope = slopes.length > 0 ? middle(slopes) : 0;
  const minutes = first && last ? (last.seconds - first.seconds) / 60 : 0;
  const sizes = after.map(({ megabytes }) => megabytes);
  const levels = between.map((part) => middle(part.map(({ megabytes }) => megabytes)));
  return {
    start: first?.megabytes ?? Number.NaN,
    end: last?.megabytes ?? Number.NaN,
    largest: Math.max(...sizes),
    slope,
    growth: (slope * minutes) / middle(sizes),
    crashes: levels.slice(1).map((level, i) => level - (levels[i] as number)),
  };
}

/** Asks for the server's health again and again until it is stopped; the milliseconds of each answer. */
export function watchHealth(client: Client, interval: number): { stop: () => Promise<Float64Array> } {
  const latencies: number[] = [];
  let running = true;
  const watching = (async () => {
    while (running) {
      const begin = performance.now();
      const answer = await client.send({ method: 'GET', path: '/v2/health/live' });
      if (answer?.status !== 200) throw new Error(`health answered ${answer?.status}`);
      latencies.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
  })();
  return {
    stop: async () => {
      running = false;
      await watching;
      return Float64Array.from(latencies).sort();
    },
  };
}
