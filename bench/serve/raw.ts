/** The raw onnxruntime loop over batches and ways to use the cores: its best is the limit of any server. */
import { availableParallelism } from 'node:os';
import { inProcess } from './child.ts';
import type { BenchModel } from './models.ts';
import type { RawLoop, RawResult } from './raw-process.ts';

/** How the loop runs: images of one run, sessions side by side, threads of each. */
export type RawConfiguration = Pick<RawLoop, 'batch' | 'sessions' | 'threads'>;

export type RawMeasurement = RawResult & RawConfiguration;

const batches = [1, 2, 4, 8, 16, 32, 64] as const;

/** Sessions and threads of each: one core, all cores for one run, a run a core. */
function splits(): { sessions: number; threads: number }[] {
  const cores = availableParallelism();
  const one = { sessions: 1, threads: 1 };
  return cores === 1 ? [one] : [one, { sessions: 1, threads: cores }, { sessions: cores, threads: 1 }];
}

export async function runRaw(
  { path, shape }: BenchModel,
  configuration: RawConfiguration,
  seconds: number,
): Promise<RawMeasurement> {
  const { batch, sessions, threads } = configuration;
  const image = [shape.channels, shape.height, shape.width];
  const task: RawLoop = { path, shape: image, batch, sessions, threads, seconds };
  return { batch, sessions, threads, ...(await inProcess<RawResult>('raw-process.ts', task)) };
}

/** Every configuration once. */
export async function measureRaw(model: BenchModel, seconds: number): Promise<RawMeasurement[]> {
  const measurements: RawMeasurement[] = [];
  for (const split of splits()) {
    for (const batch of batches) measurements.push(await runRaw(model, { batch, ...split }, seconds));
  }
  return measurements;
}

const fastest = (measurements: readonly RawMeasurement[]): RawMeasurement =>
  measurements.reduce((best, next) => (next.imagesPerSecond > best.imagesPerSecond ? next : best));

/**
 * What limits a server with so many connections: the fastest configuration, but for a lone one one session with one image.
 */
export const limiting = (measurements: readonly RawMeasurement[], connections: number): RawConfiguration =>
  fastest(
    connections > 1
      ? measurements
      : measurements.filter(({ batch, sessions }) => batch === 1 && sessions === 1),
  );
