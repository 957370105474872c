/** What is read off a machine: its buses, its Vulkan manifests, other programs' words. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { gpuVendors, nvidiaDriver } from '../../src/devices/hardware.ts';
import { readAnswer } from '../../src/devices/probing.ts';
import { driverOf, manifests, readAdapters, vulkanDrivers } from '../../src/devices/vulkan.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder of these files, as the root of a machine. */
function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'nas-machine-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('GPUs', () => {
  const pci = (name: string, kind: string, vendor: string) => ({
    [`sys/bus/pci/devices/${name}/class`]: `${kind}\n`,
    [`sys/bus/pci/devices/${name}/vendor`]: `${vendor}\n`,
  });

  it('are displays and 3D controllers of makers whose GPUs compute, each maker once', () => {
    const root = machine({
      ...pci('0000:00:02.0', '0x030000', '0x8086'),
      ...pci('0000:01:00.0', '0x030200', '0x10de'),
      ...pci('0000:02:00.0', '0x030200', '0x10de'),
      // A server's console (ASPEED), a virtual screen (Bochs), a network card by Intel.
      ...pci('0000:03:00.0', '0x030000', '0x1a03'),
      ...pci('0000:04:00.0', '0x038000', '0x1234'),
      ...pci('0000:05:00.0', '0x020000', '0x8086'),
    });
    expect(gpuVendors(root).toSorted()).toEqual(['Intel', 'NVIDIA']);
  });

  it.each([
    ['dev/nvidiactl', 'NVIDIA'],
    ['dev/dxg', 'Microsoft'],
  ])('are known by %s where no bus is to be seen', (file, vendor) => {
    expect(gpuVendors(machine({ [file]: '' }))).toEqual([vendor]);
  });

  it('may be none', () => {
    expect(gpuVendors(machine({}))).toEqual([]);
    expect(nvidiaDriver(machine({}))).toBeUndefined();
  });

  it.each([
    [
      'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024',
      '535.183.01',
    ],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build', '570.124.06'],
  ])('have a driver: %s', (line, version) => {
    expect(nvidiaDriver(machine({ 'proc/driver/nvidia/version': `${line}\nGCC version: 12\n` }))).toBe(
      version,
    );
  });
});

describe('Vulkan', () => {
  it.each([
    ['nvidia_icd.json', 'libGLX_nvidia.so.0', 'NVIDIA'],
    ['radeon_icd.x86_64.json', 'libvulkan_radeon.so', 'AMD'],
    ['intel_hasvk_icd.x86_64.json', 'libvulkan_intel_hasvk.so', 'Intel'],
    ['lvp_icd.x86_64.json', 'libvulkan_lvp.so', undefined],
    ['vk_swiftshader_icd.json', './libvk_swiftshader.so', undefined],
    ['panfrost_icd.json', 'libvulkan_panfrost.so', 'another maker'],
    ['damaged.json', '', 'another maker'],
  ])('%s is a driver for %s', (name, library, vendor) => {
    const text = library ? JSON.stringify({ ICD: { library_path: library } }) : '{';
    expect(driverOf(`/usr/share/vulkan/icd.d/${name}`, text).vendor).toBe(vendor);
  });

  it('looks for manifests where the loader does', () => {
    const root = machine({
      'data/vulkan/icd.d/a.json': '{}',
      'data/vulkan/icd.d/a.txt': '',
      'config/vulkan/icd.d/b.json': '{}',
      'more/c.json': '{}',
    });
    const environment = {
      XDG_DATA_DIRS: join(root, 'data'),
      XDG_CONFIG_DIRS: join(root, 'config'),
      XDG_CONFIG_HOME: join(root, 'no'),
      XDG_DATA_HOME: join(root, 'no'),
    };
    const found = manifests(environment).filter((path) => path.startsWith(root));
    expect(found.toSorted()).toEqual(
      ['config/vulkan/icd.d/b.json', 'data/vulkan/icd.d/a.json'].map((path) => join(root, path)),
    );
    const chosen = {
      ...environment,
      VK_ICD_FILENAMES: `${join(root, 'more/c.json')}:${join(root, 'gone.json')}`,
    };
    expect(manifests(chosen)).toEqual([join(root, 'more/c.json')]);
  });

  it('passes over what cannot be read, as the loader does', () => {
    const root = machine({ 'icd/a.json': '{}', 'icd/folder.json/x': '', 'list.txt': '{}' });
    symlinkSync(join(root, 'gone'), join(root, 'icd/dangling.json'));
    const VK_DRIVER_FILES = [join(root, 'icd'), join(root, 'list.txt'), join(root, 'list.txt/below')].join(
      ':',
    );
    const found = vulkanDrivers({ VK_DRIVER_FILES }).map(({ manifest }) => manifest);
    expect(found).toEqual([join(root, 'icd/a.json'), join(root, 'list.txt')]);
  });

  it('reads what vulkaninfo says', () => {
    const summary = [
      'Devices:',
      '========',
      'GPU0:',
      '\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
      '\tdeviceName         = AMD Radeon RX 7900 XTX (RADV NAVI31)',
      'GPU1:',
      '\tdeviceType         = PHYSICAL_DEVICE_TYPE_CPU',
      '\tdeviceName         = llvmpipe (LLVM 15.0.6, 256 bits)',
    ].join('\n');
    expect(readAdapters(summary)).toEqual([
      { name: 'AMD Radeon RX 7900 XTX (RADV NAVI31)', software: false },
      { name: 'llvmpipe (LLVM 15.0.6, 256 bits)', software: true },
    ]);
    expect(readAdapters('')).toEqual([]);
  });
});

describe('the answer of the child', () => {
  const answer = (failure: string | null): string => JSON.stringify({ failure, libraries: {} });

  it('is freed of source lines', () => {
    const failure =
      '/src/webgpu_context.cc:136 Initialize() status == 1 was false. Failed to get a WebGPU adapter\n';
    expect(readAnswer(null, answer(failure), '').failure).toBe('Failed to get a WebGPU adapter');
  });

  it('is told by the log where that says more', () => {
    const log = '[E:onnxruntime] Failed to load library a.so with error: libcudnn.so.9: cannot open\n';
    expect(readAnswer(null, answer('Failed to load shared library'), log).failure).toBe(
      'libcudnn.so.9: cannot open',
    );
    expect(readAnswer(null, answer(null), log).failure).toBeNull();
  });

  it.each([
    [{ killed: true, signal: 'SIGTERM' }, '', /did not answer within 60 s/],
    [{ signal: 'SIGSEGV' }, 'MESA: error\n', /ended by SIGSEGV: MESA: error/],
    [null, '', /ended/],
  ])('may be a crash or a hang (%o)', (error, stderr, message) => {
    expect(readAnswer(error, '', stderr).failure).toMatch(message);
  });
});
