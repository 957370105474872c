/** GPUs as the system sees them, whether or not anything can be computed on them. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vendor } from './vulkan.ts';

const vendors: Readonly<Record<string, Vendor>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

const read = (...path: string[]): string | undefined => {
  try {
    return readFileSync(join(...path), 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** PCI's class of display controllers; those of other makers (servers' consoles, virtual screens) do not compute. */
const isDisplay = (folder: string): boolean => read(folder, 'class')?.startsWith('0x03') ?? false;

/** Devices that stand for a GPU where the bus is not to be seen: in containers, behind Windows (WSL). */
const deviceFiles: readonly (readonly [file: string, vendor: Vendor])[] = [
  ['dev/nvidiactl', 'NVIDIA'],
  ['dev/kfd', 'AMD'],
  ['dev/dxg', 'Microsoft'],
];

/** Makers of the GPUs of a Linux machine, each once. */
export function gpuVendors(root = '/'): Vendor[] {
  const bus = join(root, 'sys/bus/pci/devices');
  const onBus = existsSync(bus)
    ? readdirSync(bus)
        .map((name) => join(bus, name))
        .flatMap((folder) => (isDisplay(folder) ? (vendors[read(folder, 'vendor') ?? ''] ?? []) : []))
    : [];
  const byFile = deviceFiles.flatMap(([file, vendor]) => (existsSync(join(root, file)) ? [vendor] : []));
  const found = new Set([...onBus, ...byFile]);
  if (found.size > 0) return [...found];
  // A system on a chip has its GPU on no bus.
  const nodes = join(root, 'dev/dri');
  const onChip = process.arch === 'arm64' && existsSync(nodes);
  return onChip && readdirSync(nodes).some((name) => name.startsWith('renderD')) ? ['another maker'] : [];
}

/** The version of NVIDIA's kernel driver; undefined where it is not loaded. */
export const nvidiaDriver = (root = '/'): string | undefined =>
  /Kernel Module(?: for \S+)?\s+(\d[\d.]*)/.exec(read(root, 'proc/driver/nvidia/version') ?? '')?.[1];

/** GPUs as `nvidia-smi` lists them: `NVIDIA H100 80GB HBM3, 81559 MiB, 570.124.06`; none where it is not there. */
export const nvidiaGpus = (): Promise<string[]> =>
  new Promise((resolve) => {
    const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
    execFile('nvidia-smi', query, { timeout: 10_000 }, (error, stdout) =>
      resolve(error ? [] : stdout.trim().split('\n').filter(Boolean)),
    );
  });
