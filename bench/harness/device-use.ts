/** What a step does on its device: what crosses the bus, and which of its nodes run on the CPU all the same. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Elements, Feeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine, type Provider } from '../../src/engine/onnxruntime.ts';
import type { Precision } from '../../src/precision.ts';
import type { Step } from '../../src/signature.ts';
import { withFolder } from './folder.ts';
import { lastRun, type NodeTime } from './node-times.ts';
import type { OperatorCounts } from './operators.ts';

export interface DeviceUse {
  /** Bytes that a run takes from the host, and gives back: everything that goes in and comes out. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly nodes: number;
  /** Those that onnxruntime ran on the CPU, by operator. */
  readonly onCpu: OperatorCounts;
}

const bytesOf = (arrays: Readonly<Record<string, Elements>>): number =>
  Object.values(arrays).reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Nodes on the CPU by operator, the most frequent first. */
export function onCpu(nodes: readonly NodeTime[]): OperatorCounts {
  const counts = new Map<string, number>();
  for (const { operator, provider } of nodes) {
    if (provider === 'CPUExecutionProvider') counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

export interface UseOptions {
  readonly provider?: Provider;
  readonly threads: number;
  readonly precision?: Precision;
}

/** From the profile of the second of two runs. */
export const deviceUse = (
  { fn, signature }: Step,
  feeds: Feeds,
  { provider = 'cpu', threads, precision = 'float32' }: UseOptions,
): Promise<DeviceUse> =>
  withFolder(async (folder) => {
    const engine = await onnxruntimeEngine({ provider, threads, profile: join(folder, 'profile') });
    const compiled = await engine.compile(fn, signature, 'profiled', precision);
    await compiled.run(feeds);
    const results = await compiled.run(feeds);
    await compiled.dispose();
    const { nodes } = lastRun(join(folder, readdirSync(folder)[0] as string));
    return { bytesIn: bytesOf(feeds), bytesOut: bytesOf(results), nodes: nodes.length, onCpu: onCpu(nodes) };
  });
