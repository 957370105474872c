/** What is found out about a machine before work starts. `verdict.ts` judges it. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gpuVendors, nvidiaDriver, nvidiaGpus } from './hardware.ts';
import type { GpuDevice } from './names.ts';
import { type Probe, probeDevice } from './probing.ts';
import {
  type Vendor,
  type VulkanAdapter,
  type VulkanDriver,
  vulkanAdapters,
  vulkanDrivers,
} from './vulkan.ts';

export interface Facts {
  /** E.g. `linux/x64`. */
  readonly platform: `${string}/${string}`;
  /** The folder of onnxruntime-node's native libraries, and the files in it. */
  readonly folder: string;
  readonly files: readonly string[];
  /** Makers of the GPUs, on Linux. */
  readonly gpus: readonly Vendor[];
  readonly nvidia: {
    /** The kernel driver's version. */
    readonly driver: string | undefined;
    /** As `nvidia-smi` lists them. */
    readonly gpus: readonly string[];
    /** CUDA's and cuDNN's libraries that the system's loader knows (`ldconfig -p`), whatever their versions. */
    readonly libraries: readonly string[];
  };
  readonly vulkan: {
    readonly drivers: readonly VulkanDriver[];
    /** Undefined where nothing tells. */
    readonly adapters: readonly VulkanAdapter[] | undefined;
  };
  readonly probe: Probe;
}

/** Where onnxruntime-node keeps what is native: `bin/napi-v6/linux/x64` in its package. */
function nativeFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

const cudaNames = /^\s*(lib(?:cudart|cublas|cublasLt|cufft|curand|cudnn)\.so\.\d+)\s/gm;

const systemLibraries = (): Promise<string[]> =>
  new Promise((resolve) => {
    // Not in an ordinary user's path on Debian.
    const command = existsSync('/sbin/ldconfig') ? '/sbin/ldconfig' : 'ldconfig';
    execFile(command, ['-p'], { timeout: 10_000, maxBuffer: 2 ** 24 }, (_, stdout) =>
      resolve([...new Set([...stdout.matchAll(cudaNames)].map(([, name]) => name as string))]),
    );
  });

/** What concerns one device. */
export async function gatherFacts(device: GpuDevice): Promise<Facts> {
  const folder = nativeFolder();
  const isCuda = device === 'cuda';
  const onLinux = process.platform === 'linux';
  const [probe, gpus, libraries, adapters] = await Promise.all([
    probeDevice(device),
    isCuda ? nvidiaGpus() : [],
    isCuda && onLinux ? systemLibraries() : [],
    isCuda || !onLinux ? undefined : vulkanAdapters(),
  ]);
  return {
    platform: `${process.platform}/${process.arch}`,
    folder,
    files: existsSync(folder) ? readdirSync(folder) : [],
    gpus: onLinux ? gpuVendors() : [],
    nvidia: { driver: onLinux ? nvidiaDriver() : undefined, gpus, libraries },
    vulkan: { drivers: onLinux ? vulkanDrivers() : [], adapters },
    probe,
  };
}
