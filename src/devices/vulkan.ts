/** Vulkan on Linux: which drivers are installed, and, where `vulkaninfo` is, which adapters they have. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

/** Makers of GPUs, as drivers and devices on the bus are matched by them. */
export type Vendor = 'NVIDIA' | 'AMD' | 'Intel' | 'Microsoft' | 'another maker';

export interface VulkanDriver {
  /** The manifest, e.g. `/usr/share/vulkan/icd.d/radeon_icd.x86_64.json`. */
  readonly manifest: string;
  readonly name: string;
  /** Undefined where the CPU computes. */
  readonly vendor: Vendor | undefined;
}

export interface VulkanAdapter {
  readonly name: string;
  readonly software: boolean;
}

const drivers: readonly (readonly [pattern: RegExp, name: string, vendor: Vendor | undefined])[] = [
  [/swiftshader/i, 'SwiftShader', undefined],
  [/lvp|lavapipe/i, 'lavapipe', undefined],
  [/mock/i, 'mock driver', undefined],
  [/nvidia|nouveau|nvk/i, 'NVIDIA', 'NVIDIA'],
  [/radeon|amd/i, 'AMD', 'AMD'],
  [/intel|anv|hasvk/i, 'Intel', 'Intel'],
  [/dzn/i, 'Direct3D 12', 'Microsoft'],
];

/** What kind of driver a manifest is of, by its name and the library that it names. */
export function driverOf(manifest: string, text: string): VulkanDriver {
  const library = /"library_path"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? '';
  const words = `${basename(manifest)} ${basename(library)}`;
  const row = drivers.find(([pattern]) => pattern.test(words));
  const [, name, vendor] = row ?? [/./, basename(manifest, '.json'), 'another maker'];
  return { manifest, name, vendor };
}

const pathsOf = (list: string | undefined): string[] => list?.split(delimiter).filter(Boolean) ?? [];

/** Vulkan's loader passes over what it cannot read, and so does this. */
function unlessUnreadable<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** The manifests that Vulkan's loader reads (LoaderDriverInterface.md, "Driver Discovery"). */
export function manifests(environment: NodeJS.ProcessEnv): string[] {
  const chosen = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES;
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = environment;
  const usual = [
    XDG_CONFIG_HOME ?? join(homedir(), '.config'),
    ...pathsOf(XDG_CONFIG_DIRS ?? '/etc/xdg'),
    '/etc',
    XDG_DATA_HOME ?? join(homedir(), '.local/share'),
    ...pathsOf(XDG_DATA_DIRS ?? '/usr/local/share:/usr/share'),
  ].map((folder) => join(folder, 'vulkan/icd.d'));
  const places = [...(chosen ? pathsOf(chosen) : usual), ...pathsOf(environment.VK_ADD_DRIVER_FILES)];
  const within = (place: string): string[] =>
    statSync(place).isDirectory()
      ? readdirSync(place)
          .filter((name) => name.endsWith('.json'))
          .map((name) => join(place, name))
      : [place];
  return [...new Set(places)].flatMap((place) => unlessUnreadable(() => within(place)));
}

export const vulkanDrivers = (environment = process.env): VulkanDriver[] =>
  manifests(environment).flatMap((manifest) =>
    unlessUnreadable(() => [driverOf(manifest, readFileSync(manifest, 'utf8'))]),
  );

/** The adapters in the output of `vulkaninfo --summary`. */
export function readAdapters(summary: string): VulkanAdapter[] {
  const field = (name: string): RegExp => new RegExp(`^\\s*${name}\\s*=\\s*(.*)$`, 'm');
  return summary
    .split(/^GPU\d+:$/m)
    .slice(1)
    .map((text) => ({
      name: field('deviceName').exec(text)?.[1]?.trim() ?? 'unnamed',
      software: /TYPE_CPU/.test(field('deviceType').exec(text)?.[1] ?? ''),
    }));
}

/** The adapters; undefined where `vulkaninfo` (Debian's `vulkan-tools`) is not installed or fails. */
export const vulkanAdapters = (): Promise<VulkanAdapter[] | undefined> =>
  new Promise((resolve) => {
    execFile('vulkaninfo', ['--summary'], { timeout: 10_000 }, (error, stdout) =>
      resolve(error ? undefined : readAdapters(stdout)),
    );
  });
