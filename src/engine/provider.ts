/** How onnxruntime uses a device for graphs of ours. */

import type { DeviceName } from '../devices/names.ts';
import type { InferenceSession } from '../runtime.ts';

/**
 * What we trace is NCHW; by default WebGPU's provider turns the image and the filter of every convolution around, and
 * back. A step asks for the same buffers as the one before it; by default it keeps some of each size and makes the others
 * anew, which took a quarter of a search step on an H100. The cache is the device's: the first session of a process says.
 */
const webgpu = { name: 'webgpu', preferredLayout: 'NCHW', storageBufferCacheMode: 'simple' } as const;

export const providerFor = (device: DeviceName): InferenceSession.ExecutionProviderConfig =>
  device === 'webgpu' ? webgpu : device;
