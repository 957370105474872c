/** What a graph is traced for. Every choice that depends on the device is read from here. */
import type { DataType } from '@tensorflow/tfjs';
import type { Layout } from './traced.ts';

export interface Device {
  /** Channels in one block of onnxruntime's blocked layout (16 with AVX-512, 8 with AVX2); 0 where it has none. */
  readonly block: number;
  /** Whether onnxruntime's own operators (`com.microsoft`) may be used; false for files that other runtimes read. */
  readonly contrib: boolean;
  /** Tensors that one node may write: a GPU binds only so many to a kernel. */
  readonly outputs: number;
  /** Whether int64 tensors are computed with where the others are, or take a way over the CPU. */
  readonly int64: boolean;
  /** Whether bools can be joined, cut and reordered, not only computed. */
  readonly movesBools: boolean;
  /** Whether a Slice may begin anywhere when it goes backwards. Where not, it gives wrong elements, and no error. */
  readonly partialReversal: boolean;
  /** Whether starting an operator takes longer than an image: a GPU. Then many over images become one. */
  readonly stacksImages: boolean;
}

/** Standard operators in NCHW: what every ONNX runtime reads. */
export const portable: Device = {
  block: 0,
  contrib: false,
  outputs: Number.POSITIVE_INFINITY,
  int64: true,
  movesBools: true,
  partialReversal: true,
  stacksImages: false,
};

/**
 * onnxruntime's WebGPU provider (1.30). WebGPU promises 8 storage buffers a kernel, one of which is read. Its int64
 * kernels are behind an option that onnxruntime-node does not pass on.
 */
export const webgpu: Device = {
  ...portable,
  outputs: 7,
  int64: false,
  movesBools: false,
  partialReversal: false,
  stacksImages: true,
};

/** onnxruntime's CPU provider; `block` as in {@link Device}. */
export const cpu = (block: number): Device => ({ ...portable, block, contrib: true });

/** onnxruntime's CUDA provider, which is asked for standard operators only. */
export const cuda: Device = portable;

/** The layout in which the device holds the image-like results (float32, [N, H, W, C]) of convolutions and pools. */
export const imageLayout = (device: Device, shape: readonly number[], dtype: DataType = 'float32'): Layout =>
  device.block > 0 && dtype === 'float32' && (shape[3] as number) % device.block === 0 ? 'blocked' : 'nchw';
