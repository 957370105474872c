/** The raw onnxruntime loop over batches and ways to use the cores: its best is the limit of any server. */
import { availableParallelism } from 'node:os';
import { inProcess } from './child.ts';
import type { BenchModel } from './models.ts';
import type { RawLoop, RawResult } from './raw-process.ts';

export interface RawMeasurement extends RawResult {
  readonly batch: number;
  readonly sessions: number;
  readonly threads: number;
}

const batches = [1, 2, 4, 8, 16, 32, 64] as const;

/** Sessions and threads of each: one core, all cores for one run, a run a core. */
function splits(): { sessions: number; threads: number }[] {
  const cores = availableParallelism();
  const one = { sessions: 1, threads: 1 };
  return cores === 1 ? [one] : [one, { sessions: 1, threads: cores }, { sessions: cores, threads: 1 }];
}

export async function measureRaw({ path, shape }: BenchModel, seconds: number): Promise<RawMeasurement[]> {
  const measurements: RawMeasurement[] = [];
  for (const split of splits()) {
    for (const batch of batches) {
      const task: RawLoop = {
        path,
        shape: [shape.channels, shape.height, shape.width],
        batch,
        seconds,
        ...split,
      };
      measurements.push({ batch, ...split, ...(await inProcess<RawResult>('raw-process.ts', task)) });
    }
  }
  return measurements;
}

export const fastest = (measurements: readonly RawMeasurement[]): RawMeasurement =>
  measurements.reduce((best, next) => (next.imagesPerSecond > best.imagesPerSecond ? next : best));

/** The latency of a lone image: the fastest run of one session with a batch of one. */
export const loneLatency = (measurements: readonly RawMeasurement[]): number =>
  Math.min(
    ...measurements
      .filter(({ batch, sessions }) => batch === 1 && sessions === 1)
      .map(({ medianMilliseconds }) => medianMilliseconds),
  );
