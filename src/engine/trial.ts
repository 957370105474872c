/** A run of one node on a device: it may be listed and lack its libraries, its driver or itself. Only use tells. */

import type { DeviceName } from '../devices/names.ts';
import { FailureError, messageOf } from '../errors.ts';
import { type Builder, createBuilder } from '../onnx/build.ts';
import { dataTypeNumbers } from '../onnx/data-types.ts';
import { inputValue, type Value } from '../onnx/ir.ts';
import { serialize } from '../onnx/serde.ts';
import * as ort from '../runtime.ts';
import { providerFor } from './provider.ts';

type Body = (graph: Builder, x: Value) => Value;

const negated: Body = (graph, x) => graph.node('Neg', [x]);

const negatedInHalf: Body = (graph, x) => {
  const half = graph.node('Cast', [x], { to: dataTypeNumbers.float16 });
  return graph.node('Cast', [graph.node('Neg', [half])], { to: dataTypeNumbers.float32 });
};

/** A session that has run on the device. Throws what onnxruntime throws where it cannot. */
export async function trial(device: DeviceName, body = negated): Promise<ort.InferenceSession> {
  const input = inputValue('x', { dtype: 'float32', shape: [1] });
  const value = body(createBuilder(), input);
  const model = serialize({ name: 'trial', inputs: [input], outputs: [{ name: 'y', value }] });
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [providerFor(device)],
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1), [1]) });
    if (y?.data[0] !== -1) throw new Error(`-1 is computed as ${String(y?.data[0])}`);
    return session;
  } catch (error) {
    await session.release();
    throw error;
  }
}

const halves = new Map<DeviceName, Promise<void>>();

/**
 * Found out once a process.
 *
 * @throws FailureError where the device does not compute in float16, as not every GPU does
 */
export function requireHalf(device: DeviceName): Promise<void> {
  const found = halves.get(device) ?? tryHalf(device);
  halves.set(device, found);
  return found;
}

async function tryHalf(device: DeviceName): Promise<void> {
  try {
    await (await trial(device, negatedInHalf)).release();
  } catch (error) {
    throw new FailureError(
      `the device ${device} does not compute in float16 here (${messageOf(error).trim()}); use --precision float32`,
    );
  }
}

const kept = new Map<DeviceName, Promise<ort.InferenceSession>>();

/**
 * Keeps the device from being given up between sessions, until the process ends: with the last session onnxruntime
 * drops a GPU's context and every shader compiled for it.
 */
export async function keepDevice(device: DeviceName): Promise<void> {
  if (device === 'cpu') return;
  const session = kept.get(device) ?? trial(device);
  kept.set(device, session);
  await session;
}
