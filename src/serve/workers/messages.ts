/** What the main thread and a session's worker thread say to each other. */

import type { DeviceName } from '../../devices/names.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';

/** What computes. */
export { type DeviceName as Device, deviceNames as devices } from '../../devices/names.ts';

/** What a session is made of. */
export interface InstanceOptions {
  /** The model file. */
  readonly path: string;
  /** The files beside it that hold weights, as it names them. */
  readonly externalData?: readonly string[];
  readonly device?: DeviceName;
  /** Threads that one operator may use; by default onnxruntime decides (one a physical core). */
  readonly threads?: number | undefined;
}

/**
 * From the main thread: load a session into a thread that holds none; run it; release it, once no run is in progress;
 * end the thread, which holds none.
 */
export type Command =
  | { readonly kind: 'load'; readonly options: InstanceOptions }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly inputs: NamedTensors;
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'release' }
  | { readonly kind: 'end' };

/** A run's results, and how long the model took. */
export interface Run {
  readonly outputs: NamedTensors;
  readonly milliseconds: number;
}

/** From the worker: the session is ready, or cannot be; the run of that id is done, or failed; the session is released. */
export type Report =
  | {
      readonly kind: 'ready';
      readonly inputs: readonly TensorSignature[];
      readonly outputs: readonly TensorSignature[];
    }
  | { readonly kind: 'unloadable'; readonly reason: string }
  | { readonly kind: 'done'; readonly id: number; readonly run: Run }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'released' };

/** The buffers behind some tensors, each once, to be handed over to the other thread rather than copied. */
export function buffersOf(tensors: NamedTensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors.values()) {
    if (ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}
