/** A Vulkan driver for tests of WebGPU: the machine's own, or SwiftShader, which Debian's `chromium` brings. */
import { existsSync } from 'node:fs';
import { gpuVendors } from '../../src/devices/hardware.ts';
import { vulkanDrivers } from '../../src/devices/vulkan.ts';

const chromium = '/usr/lib/chromium';
const manifest = `${chromium}/vk_swiftshader_icd.json`;

/** dlopen's flags: resolve now, be seen by all, stay loaded though Node finds that it is no addon. */
const [now, global, noDelete] = [0x2, 0x100, 0x1000];

function load(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library, now | global | noDelete);
    return true;
  } catch (error) {
    return (error as Error).message.startsWith('Module did not self-register');
  }
}

/** Makes a driver available to this process and its children; why there is none, otherwise. */
export function provideVulkan(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // Drivers of other makers' GPUs may be installed, too.
  const makers = gpuVendors();
  const hasOwn = vulkanDrivers().some(({ vendor }) => vendor && makers.includes(vendor));
  if (!hasOwn) {
    if (!existsSync(manifest))
      return `no Vulkan driver: neither in vulkan/icd.d nor ${manifest} (apt-get install chromium)`;
    process.env.VK_ICD_FILENAMES = manifest;
  }
  if (load('libvulkan.so.1')) return undefined;
  // Chromium brings the loader as well. Loaded once, it is found by its name; children find it by the path.
  process.env.LD_LIBRARY_PATH = [chromium, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return load(`${chromium}/libvulkan.so.1`) ? undefined : 'no Vulkan loader (apt-get install libvulkan1)';
}
