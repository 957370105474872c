/** The shared libraries that a device stands on, by the names under which the system's loader looks for them. */
import type { GpuDevice } from './names.ts';

/** CUDA 12 and cuDNN 9, for which onnxruntime 1.30's provider is built. */
export const cudaLibraries = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
] as const;

/** What the NVIDIA driver brings. */
export const cudaDriver = 'libcuda.so.1';

export const vulkanLoader = 'libvulkan.so.1';

const onLinux: Readonly<Record<GpuDevice, readonly string[]>> = {
  cuda: [cudaDriver, ...cudaLibraries],
  webgpu: [vulkanLoader],
};

/** On other systems the drivers are part of the system. */
export const libraries = (device: GpuDevice, platform: NodeJS.Platform): readonly string[] =>
  platform === 'linux' ? onLinux[device] : [];
