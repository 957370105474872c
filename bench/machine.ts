/** What a benchmark ran on. */
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

export const machine = (): Record<string, unknown> => ({
  cpu: cpus()[0]?.model.trim(),
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${platform()} ${arch()}`,
  node: process.version,
  onnxruntime: createRequire(import.meta.url)('onnxruntime-node/package.json').version,
  date: new Date().toISOString().slice(0, 10),
});
