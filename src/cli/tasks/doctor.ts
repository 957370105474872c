/** What a machine offers to compute on, found out and put into words. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import {
  autoDevice,
  type DeviceName,
  deviceNames,
  inspectDevice,
  type Verdict,
} from '../../devices/index.ts';
import { vulkanAdapters, vulkanDrivers } from '../../devices/vulkan.ts';
import { messageOf } from '../../errors.ts';
import { version } from '../../version.ts';

export interface Diagnosis {
  readonly versions: Readonly<Record<'onnx-nas' | 'node' | 'onnxruntime', string>>;
  readonly platform: string;
  readonly cpu: {
    readonly model: string;
    /** That this process may use at a time. */
    readonly cores: number;
    readonly memoryGiB: number;
    /** Of those that onnxruntime's kernels are written for. */
    readonly instructions: readonly string[];
    /** Channels in a block of onnxruntime's blocked layout; 0: it has none here. */
    readonly block: number;
  };
  readonly devices: Readonly<Record<DeviceName, Verdict>>;
  /** What `--device auto` is here. */
  readonly auto: { readonly device: DeviceName; readonly reason: string };
  readonly vulkan: {
    readonly drivers: readonly { readonly name: string; readonly manifest: string }[];
    /** As `vulkaninfo` lists them; null where it is not installed. */
    readonly adapters: readonly { readonly name: string; readonly software: boolean }[] | null;
  };
  /** Versions of the addons behind `--engine tensorflow`; null where one is not installed. */
  readonly tensorflow: Readonly<Record<(typeof addons)[number], string | null>>;
}

const addons = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'] as const;

const require = createRequire(import.meta.url);

function installedVersion(name: string): string | null {
  try {
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return null;
  }
}

const instructionNames: Readonly<Record<string, string>> = {
  avx2: 'AVX2',
  avx512f: 'AVX-512',
  avx512_vnni: 'AVX-512 VNNI',
  amx_tile: 'AMX',
  asimd: 'NEON',
};

/** Known on Linux alone. */
function instructions(): string[] {
  try {
    const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    const words = new Set(flags?.split(' '));
    return Object.entries(instructionNames).flatMap(([flag, name]) => (words.has(flag) ? [name] : []));
  } catch {
    return [];
  }
}

/** Whether onnxruntime runs at all, and its blocks. */
async function examineCpu(): Promise<{ block: number; verdict: Verdict }> {
  try {
    const [{ trial }, { blockSize }] = await Promise.all([
      import('../../engine/trial.ts'),
      import('../../engine/block-size.ts'),
    ]);
    await (await trial('cpu')).release();
    return { block: await blockSize(), verdict: { state: 'usable', what: 'every CPU', problems: [] } };
  } catch (error) {
    const problem = { what: messageOf(error), remedy: 'npm rebuild onnxruntime-node' };
    return { block: 0, verdict: { state: 'unusable', what: '', problems: [problem] } };
  }
}

export async function examine(): Promise<Diagnosis> {
  const [{ block, verdict }, cuda, webgpu, auto, adapters] = await Promise.all([
    examineCpu(),
    inspectDevice('cuda'),
    inspectDevice('webgpu'),
    autoDevice(),
    vulkanAdapters(),
  ]);
  return {
    versions: {
      'onnx-nas': version,
      node: process.version.slice(1),
      onnxruntime: installedVersion('onnxruntime-node') ?? 'unknown',
    },
    platform: `${process.platform}/${process.arch}`,
    cpu: {
      model: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      instructions: instructions(),
      block,
    },
    devices: { cpu: verdict, cuda, webgpu },
    auto,
    vulkan: {
      drivers: vulkanDrivers().map(({ name, manifest }) => ({ name, manifest })),
      adapters: adapters ?? null,
    },
    tensorflow: {
      '@tensorflow/tfjs-node': installedVersion('@tensorflow/tfjs-node'),
      '@tensorflow/tfjs-node-gpu': installedVersion('@tensorflow/tfjs-node-gpu'),
    },
  };
}

const states: Readonly<Record<Verdict['state'], string>> = {
  usable: 'works',
  software: 'works, slowly',
  unusable: 'not usable',
};

function deviceLines(name: DeviceName, { cpu, devices }: Diagnosis): string[] {
  const { state, what, problems } = devices[name];
  const layout = cpu.block > 0 ? `blocks of ${cpu.block} channels` : 'no blocked layout';
  const { model, cores, memoryGiB } = cpu;
  const own = [model, `${cores} cores`, `${memoryGiB} GiB`, ...cpu.instructions, layout].join(', ');
  const about = name === 'cpu' && state === 'usable' ? own : what;
  return [
    row(name, about ? `${states[state]}: ${about}` : states[state]),
    ...problems.flatMap((problem) => [row('', problem.what), row('', `→ ${problem.remedy}`)]),
  ];
}

const row = (name: string, text: string): string => `${name.padEnd(12)}  ${text}\n`;

/** For people. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { versions, platform, vulkan, tensorflow, auto } = diagnosis;
  const drivers =
    vulkan.drivers.map(({ name, manifest }) => `${name} (${manifest})`).join(', ') || 'no drivers';
  const adapters = vulkan.adapters
    ? vulkan.adapters.map(({ name }) => name).join(', ') || 'none'
    : 'not known without vulkaninfo (apt-get install vulkan-tools)';
  const installed = Object.entries(tensorflow).flatMap(([name, found]) =>
    found ? [`${name} ${found}`] : [],
  );
  return [
    row(
      'onnx-nas',
      `${versions['onnx-nas']}, Node ${versions.node}, onnxruntime ${versions.onnxruntime}, ${platform}`,
    ),
    ...deviceLines('cpu', diagnosis),
    ...deviceNames.filter((name) => name !== 'cpu').flatMap((name) => deviceLines(name, diagnosis)),
    ...(platform.startsWith('linux/') ? [row('vulkan', drivers), row('', `adapters: ${adapters}`)] : []),
    row(
      'tensorflow',
      installed.join(', ') || 'not installed (for --engine tensorflow: npm install @tensorflow/tfjs-node)',
    ),
    row('auto', `--device auto is ${auto.device} (${auto.reason})`),
  ].join('');
}
