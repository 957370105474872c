/** Whether a device can be used, from the facts alone, and what mends it where it cannot. Pure functions. */
import type { Facts } from './facts.ts';
import { cudaDriver, cudaLibraries, vulkanLoader } from './libraries.ts';
import type { GpuDevice } from './names.ts';

export interface Problem {
  readonly what: string;
  /** A command, or what to install. */
  readonly remedy: string;
}

export interface Verdict {
  /** `software`: it works, and the CPU does the work. */
  readonly state: 'usable' | 'software' | 'unusable';
  /** What it is, as far as is known: the GPU's name. */
  readonly what: string;
  /** What stands in the way; none where it is usable. */
  readonly problems: readonly Problem[];
}

const unusable = (what: string, ...problems: readonly Problem[]): Verdict => ({
  state: 'unusable',
  what,
  problems,
});

const installCuda = 'npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12';
const cudaProvider = 'libonnxruntime_providers_cuda.so';

/** The same library whatever its version: `libcudart`. */
const stem = (library: string): string => library.replace(/\.so.*/, '');

function missingCuda({ probe, nvidia }: Facts): Problem[] {
  const missing = cudaLibraries.filter((name) => probe.libraries[name]);
  if (missing.length === 0) return [];
  const others = nvidia.libraries.filter((name) => missing.some((wanted) => stem(wanted) === stem(name)));
  const found = others.length > 0 ? `; there is ${others.join(', ')}, which it was not built for` : '';
  return [
    {
      what: `libraries of CUDA 12 and cuDNN 9 do not load: ${missing.join(', ')}${found}`,
      remedy:
        "from NVIDIA's package repository: apt-get install cuda-libraries-12-9 libcudnn9-cuda-12; " +
        'or set LD_LIBRARY_PATH to the folders that hold them',
    },
  ];
}

function cudaProblems(facts: Facts): Problem[] {
  const { files, folder, nvidia, probe } = facts;
  const provider: Problem[] = files.includes(cudaProvider)
    ? []
    : [
        {
          what: `onnxruntime's CUDA provider is not installed (no ${cudaProvider} in ${folder})`,
          remedy: installCuda,
        },
      ];
  const driver: Problem[] = probe.libraries[cudaDriver]
    ? [
        {
          what: `no NVIDIA driver (${cudaDriver} does not load${nvidia.driver ? `, though the kernel has ${nvidia.driver}` : ''})`,
          remedy:
            'install the NVIDIA driver (Debian: apt-get install nvidia-driver); in a container: docker run --gpus all',
        },
      ]
    : [];
  return [...provider, ...driver, ...missingCuda(facts)];
}

function cudaVerdict(facts: Facts): Verdict {
  const { platform, probe, nvidia } = facts;
  const what = nvidia.gpus.join('; ') || (nvidia.driver ? `NVIDIA driver ${nvidia.driver}` : '');
  if (!probe.failure) return { state: 'usable', what, problems: [] };
  if (platform !== 'linux/x64') {
    return unusable(what, {
      what: `onnxruntime-node has CUDA for linux/x64 alone, and this is ${platform}`,
      remedy: 'use --device webgpu',
    });
  }
  const problems = cudaProblems(facts);
  if (problems.length > 0) return unusable(what, ...problems);
  return unusable(what, {
    what: `all libraries are there, but no run succeeds: ${probe.failure}`,
    remedy:
      'see whether nvidia-smi lists a GPU, and whether its driver is as new as CUDA 12 needs (525 or later)',
  });
}

const drivers = 'apt-get install mesa-vulkan-drivers (AMD, Intel) or nvidia-vulkan-icd (NVIDIA)';

function vulkanProblems({ probe, vulkan, gpus }: Facts): Problem[] {
  const gpu = gpus.length > 0 ? `, though there is a GPU by ${gpus.join(' and ')}` : '';
  const loader: Problem[] = probe.libraries[vulkanLoader]
    ? [{ what: `no Vulkan loader (${vulkanLoader} does not load)`, remedy: 'apt-get install libvulkan1' }]
    : [];
  const driver: Problem[] =
    vulkan.drivers.length === 0
      ? [{ what: `no Vulkan driver (no readable manifest in vulkan/icd.d)${gpu}`, remedy: drivers }]
      : [];
  const problems = [...loader, ...driver];
  if (problems.length > 0) return problems;
  const names = [...new Set(vulkan.drivers.map(({ name }) => name))].join(', ');
  const remedy =
    gpus.length > 0
      ? `update the driver: ${drivers}`
      : 'no GPU is to be seen; in a container, pass it through (docker run --device /dev/dri, or --gpus all)';
  return [{ what: `no run succeeds with the Vulkan drivers ${names}: ${probe.failure}`, remedy }];
}

/** Names of the adapters that hardware stands behind, as far as can be told. */
function hardware({ vulkan, gpus }: Facts): string[] {
  if (vulkan.adapters) return vulkan.adapters.filter(({ software }) => !software).map(({ name }) => name);
  const matching = vulkan.drivers.filter(({ vendor }) => vendor && gpus.includes(vendor));
  return [...new Set(matching.map(({ vendor }) => `a GPU by ${vendor}`))];
}

function webgpuVerdict(facts: Facts): Verdict {
  const { platform, probe, vulkan } = facts;
  const onLinux = platform.startsWith('linux/');
  if (probe.failure) {
    if (onLinux) return unusable('', ...vulkanProblems(facts));
    return unusable('', { what: `no run succeeds: ${probe.failure}`, remedy: "update the GPU's driver" });
  }
  if (!onLinux) return { state: 'usable', what: 'the GPU of the system', problems: [] };
  const names = hardware(facts);
  if (names.length > 0) return { state: 'usable', what: names.join('; '), problems: [] };
  const adapters = vulkan.adapters?.map(({ name }) => name) ?? vulkan.drivers.map(({ name }) => name);
  return {
    state: 'software',
    what: `a software driver, which computes on the CPU: ${[...new Set(adapters)].join(', ') || 'of unknown name'}`,
    problems: [{ what: 'no Vulkan driver of a GPU', remedy: drivers }],
  };
}

const verdicts: Readonly<Record<GpuDevice, (facts: Facts) => Verdict>> = {
  cuda: cudaVerdict,
  webgpu: webgpuVerdict,
};

export const verdictOf = (device: GpuDevice, facts: Facts): Verdict => verdicts[device](facts);

/** The first of its problems, in one line. */
const reasonOf = ({ state, what, problems }: Verdict): string =>
  state === 'unusable' ? (problems[0]?.what ?? 'unknown') : what;

/** All that stands in the way and what mends it, a line each. */
export const problemLines = ({ problems }: Verdict): string[] =>
  problems.flatMap(({ what, remedy }) => [`- ${what}`, `  → ${remedy}`]);

/** What `--device auto` is: cuda, else webgpu on a GPU, else the CPU; and why. */
export function chooseDevice(found: Readonly<Record<GpuDevice, Verdict>>): {
  readonly device: GpuDevice | 'cpu';
  readonly reason: string;
} {
  const device = (['cuda', 'webgpu'] as const).find((name) => found[name].state === 'usable');
  if (device) return { device, reason: found[device].what };
  const reasons = (['cuda', 'webgpu'] as const).map((name) => `${name}: ${reasonOf(found[name])}`);
  return { device: 'cpu', reason: reasons.join('; ') };
}
