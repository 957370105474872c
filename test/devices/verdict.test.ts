/** Verdicts over faked machines: each thing that can be missing is named, with what mends it. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/devices/facts.ts';
import { cudaDriver, cudaLibraries, libraries, vulkanLoader } from '../../src/devices/libraries.ts';
import { chooseDevice, type Verdict, verdictOf } from '../../src/devices/verdict.ts';
import { driverOf } from '../../src/devices/vulkan.ts';

const loads = (...names: readonly string[]): Record<string, null> =>
  Object.fromEntries(names.map((name) => [name, null]));

const absent = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `${name}: cannot open shared object file`]));

const [radeon, intel, lavapipe, swiftShader] = (['radeon', 'intel', 'lvp', 'vk_swiftshader'] as const).map(
  (name) => driverOf(`/usr/share/vulkan/icd.d/${name}_icd.json`, '{}'),
) as [never, never, never, never];

/** A machine with an H100 and an AMD GPU on which everything works. */
const whole = (device: 'cuda' | 'webgpu'): Facts => ({
  platform: 'linux/x64',
  folder: '/bin',
  files: ['libonnxruntime.so.1', 'libonnxruntime_providers_cuda.so'],
  gpus: ['NVIDIA', 'AMD'],
  nvidia: { driver: '570.1', gpus: ['NVIDIA H100, 81559 MiB, 570.1'], libraries: [] },
  vulkan: { drivers: [radeon, lavapipe], adapters: undefined },
  probe: { failure: null, libraries: loads(...libraries(device, 'linux')) },
});

const broken = (device: 'cuda' | 'webgpu', probe: Facts['probe'], rest: Partial<Facts> = {}): Verdict =>
  verdictOf(device, { ...whole(device), probe, ...rest });

const text = ({ problems }: Verdict): string =>
  problems.map(({ what, remedy }) => `${what} → ${remedy}`).join('\n');

describe('cuda', () => {
  const all = loads(cudaDriver, ...cudaLibraries);

  it('is usable where a run succeeds, whatever else is known', () => {
    expect(verdictOf('cuda', { ...whole('cuda'), files: [] })).toEqual({
      state: 'usable',
      what: 'NVIDIA H100, 81559 MiB, 570.1',
      problems: [],
    });
  });

  it.each<[string, Verdict, RegExp]>([
    [
      'the provider',
      broken('cuda', { failure: 'x', libraries: all }, { files: ['libonnxruntime.so.1'] }),
      /CUDA provider is not installed.* → npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12/,
    ],
    [
      'the driver',
      broken('cuda', { failure: 'x', libraries: { ...all, ...absent(cudaDriver) } }),
      /no NVIDIA driver \(libcuda\.so\.1 does not load, though the kernel has 570\.1\)/,
    ],
    [
      'cuDNN',
      broken('cuda', { failure: 'x', libraries: { ...all, ...absent('libcudnn.so.9') } }),
      /do not load: libcudnn\.so\.9 → .*libcudnn9-cuda-12/,
    ],
    [
      'CUDA 12, where there is 13',
      broken(
        'cuda',
        { failure: 'x', libraries: { ...all, ...absent('libcudart.so.12') } },
        { nvidia: { driver: undefined, gpus: [], libraries: ['libcudart.so.13', 'libcufft.so.12'] } },
      ),
      /libcudart\.so\.12; there is libcudart\.so\.13, which it was not built for/,
    ],
    [
      'a device',
      broken('cuda', { failure: 'CUDA failure 100: no CUDA-capable device is detected', libraries: all }),
      /no run succeeds: CUDA failure 100: no CUDA-capable device is detected → .*nvidia-smi/,
    ],
    [
      'Linux',
      broken('cuda', { failure: 'x', libraries: {} }, { platform: 'darwin/arm64' }),
      /linux\/x64 alone/,
    ],
  ])('lacks %s', (_, verdict, message) => {
    expect(verdict.state).toBe('unusable');
    expect(verdict.problems).toHaveLength(1);
    expect(text(verdict)).toMatch(message);
  });

  it('names all that is missing at once', () => {
    const verdict = broken(
      'cuda',
      { failure: 'x', libraries: absent(cudaDriver, ...cudaLibraries) },
      { files: [] },
    );
    expect(verdict.problems).toHaveLength(3);
  });
});

describe('webgpu', () => {
  const all = loads(vulkanLoader);
  const vulkan = (...drivers: Facts['vulkan']['drivers']): Facts['vulkan'] => ({
    drivers,
    adapters: undefined,
  });

  it('is a GPU where a driver of its maker is installed', () => {
    expect(verdictOf('webgpu', whole('webgpu'))).toMatchObject({ state: 'usable', what: 'a GPU by AMD' });
  });

  it.each<[string, Partial<Facts>]>([
    ['no driver of a GPU', { vulkan: vulkan(swiftShader, lavapipe) }],
    ["another maker's driver", { vulkan: vulkan(intel, lavapipe) }],
    ['no GPU', { gpus: [] }],
    [
      'adapters that compute on the CPU',
      { vulkan: { drivers: [radeon], adapters: [{ name: 'llvmpipe (LLVM 15)', software: true }] } },
    ],
  ])('is software with %s', (_, rest) => {
    expect(verdictOf('webgpu', { ...whole('webgpu'), ...rest })).toMatchObject({ state: 'software' });
  });

  it('believes the adapters more than the bus', () => {
    const adapters = [
      { name: 'llvmpipe', software: true },
      { name: 'Mali-G610', software: false },
    ];
    const verdict = verdictOf('webgpu', { ...whole('webgpu'), gpus: [], vulkan: { drivers: [], adapters } });
    expect(verdict).toEqual({ state: 'usable', what: 'Mali-G610', problems: [] });
  });

  it.each<[string, Partial<Facts>, RegExp]>([
    [
      'loader',
      { probe: { failure: 'x', libraries: absent(vulkanLoader) } },
      /no Vulkan loader.*→ apt-get install libvulkan1/,
    ],
    [
      'driver',
      { vulkan: vulkan() },
      /no Vulkan driver .*though there is a GPU by NVIDIA and AMD → .*mesa-vulkan-drivers/,
    ],
    ['adapter', {}, /no run succeeds with the Vulkan drivers AMD, lavapipe: No supported adapters → update/],
    ['adapter in a container', { gpus: [] }, /docker run --device \/dev\/dri/],
    ['driver on Windows', { platform: 'win32/x64' }, /update the GPU's driver/],
  ])('lacks its %s', (_, rest, message) => {
    const verdict = broken('webgpu', { failure: 'No supported adapters', libraries: all }, rest);
    expect(verdict.state).toBe('unusable');
    expect(text(verdict)).toMatch(message);
  });
});

describe('auto', () => {
  const usable: Verdict = { state: 'usable', what: 'a GPU', problems: [] };
  const software: Verdict = { state: 'software', what: 'SwiftShader', problems: [] };
  const none: Verdict = { state: 'unusable', what: '', problems: [{ what: 'no driver', remedy: '' }] };

  it.each([
    ['cuda', usable, usable],
    ['webgpu', none, usable],
    ['cpu', none, software],
    ['cpu', none, none],
  ] as const)('is %s', (device, cuda, webgpu) => {
    expect(chooseDevice({ cuda, webgpu }).device).toBe(device);
  });

  it('says why', () => {
    expect(chooseDevice({ cuda: none, webgpu: software }).reason).toBe(
      'cuda: no driver; webgpu: SwiftShader',
    );
  });
});
