/** Whether a provider computes in float16: a GPU may lack it (WebGPU's `shader-f16`), which only use tells. */
import * as ort from 'onnxruntime-node';
import type { DeviceName } from '../devices/index.ts';
import { FailureError, messageOf } from '../errors.ts';
import { createBuilder } from '../onnx/build.ts';
import { dataTypeNumbers } from '../onnx/data-types.ts';
import { inputValue } from '../onnx/ir.ts';
import { serialize } from '../onnx/serde.ts';

const known = new Map<DeviceName, Promise<void>>();

/** @throws FailureError where it does not; found out once a process */
export function requireHalf(provider: DeviceName): Promise<void> {
  const trial = known.get(provider) ?? tryHalf(provider);
  known.set(provider, trial);
  return trial;
}

/** x·x in float16, between two casts. */
async function tryHalf(provider: DeviceName): Promise<void> {
  const shape = [2, 2];
  const input = inputValue('x', { dtype: 'float32', shape });
  const { node } = createBuilder();
  const half = node('Cast', [input], { to: dataTypeNumbers.float16 });
  const value = node('Cast', [node('MatMul', [half, half])], { to: dataTypeNumbers.float32 });
  const model = serialize({ name: 'trial', inputs: [input], outputs: [{ name: 'y', value }] });
  try {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), shape) });
    await session.release();
  } catch (error) {
    throw new FailureError(
      `the device ${provider} does not compute in float16: ${messageOf(error)}\nTake --precision float32`,
    );
  }
}
