/** What a graph is traced for. Every choice that depends on the device is read from here. */
import type { DataType } from '@tensorflow/tfjs';
import type { Layout } from './traced.ts';

export interface Device {
  readonly name: string;
  /** Channels in one block of onnxruntime's blocked layout (16 with AVX-512, 8 with AVX2); 0 where it has none. */
  readonly block: number;
  /** Whether onnxruntime's own operators (`com.microsoft`) may be used; false for files that other runtimes read. */
  readonly contrib: boolean;
}

/** Standard operators in NCHW: what every ONNX runtime reads. */
export const portable: Device = { name: 'portable', block: 0, contrib: false };

/** The layout in which the device holds the image-like results (float32, [N, H, W, C]) of convolutions and pools. */
export const imageLayout = (device: Device, shape: readonly number[], dtype: DataType = 'float32'): Layout =>
  device.block > 0 && dtype === 'float32' && (shape[3] as number) % device.block === 0 ? 'blocked' : 'nchw';
