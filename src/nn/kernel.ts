/** Kernels of our own: a backend may have them (the tracer does), and tfjs's own backends do not. */
import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs';
import { tf } from '../tfjs.ts';

/** Whether the present backend has a kernel. */
export const hasKernel = (name: string): boolean => tf.getKernel(name, tf.getBackend()) !== undefined;

/** Channels that the present backend computes together; 1 where it takes any number alike. */
export const channelBlock = (): number =>
  (tf.backend() as { readonly channelBlock?: number }).channelBlock ?? 1;

/** Runs a kernel. tfjs throws, naming kernel and backend, where the present backend lacks it. */
export function runKernel(name: string, inputs: Record<string, Tensor>, attributes: object): Tensor[] {
  const result = tf.engine().runKernel(name, inputs, attributes as NamedAttrMap);
  return Array.isArray(result) ? result : [result as Tensor];
}

/** Runs a kernel where the present backend has it, and its definition where it has not. */
export const composite = (
  name: string,
  inputs: Record<string, Tensor>,
  attributes: object,
  definition: () => Tensor[],
): Tensor[] => (hasKernel(name) ? runKernel(name, inputs, attributes) : definition());
