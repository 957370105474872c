/** An ONNX file in onnxruntime, for evaluation and verification. */

import { FailureError, InputError, messageOf } from '../errors.ts';
import * as ort from '../runtime.ts';
import type { OnnxruntimeOptions } from './onnxruntime.ts';

/** onnxruntime's own. */
export const runtimeVersion: string = ort.env.versions.node ?? ort.env.versions.common;

export interface Port {
  readonly name: string;
  readonly dtype: string;
  /** Unknown sizes are names. */
  readonly shape: readonly (number | string)[];
}

export interface LoadedModel {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Runs the model on one float32 input; the first output's elements, row-major. */
  run(input: Float32Array, shape: readonly number[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

const ports = (metadata: readonly ort.InferenceSession.ValueMetadata[]): Port[] =>
  metadata.map((value) =>
    value.isTensor
      ? { name: value.name, dtype: value.type, shape: value.shape }
      : { name: value.name, dtype: 'not a tensor', shape: [] },
  );

/** @throws InputError where onnxruntime cannot load the bytes; `name` is the file's */
export async function loadModel(
  bytes: Uint8Array,
  name: string,
  { provider = 'cpu', threads }: Pick<OnnxruntimeOptions, 'provider' | 'threads'> = {},
): Promise<LoadedModel> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      logSeverityLevel: 4,
      ...(threads && { intraOpNumThreads: threads }),
    });
  } catch (error) {
    throw new InputError(`${name} cannot be loaded by onnxruntime: ${messageOf(error)}`);
  }
  const [inputs, outputs] = [ports(session.inputMetadata), ports(session.outputMetadata)];
  const [input, output] = [inputs[0], outputs[0]];
  if (inputs.length !== 1 || input?.dtype !== 'float32' || output?.dtype !== 'float32') {
    await session.release();
    throw new InputError(
      `${name}: expected a model with one float32 input and a float32 output, got ${described(inputs)} and ` +
        described(outputs),
    );
  }
  return {
    inputs,
    outputs,
    run: async (data, shape) => {
      try {
        const results = await session.run({ [input.name]: new ort.Tensor('float32', data, shape) });
        return results[output.name]?.data as Float32Array;
      } catch (error) {
        throw new FailureError(`${name} fails on an input [${shape.join(', ')}]: ${messageOf(error)}`);
      }
    },
    dispose: () => session.release(),
  };
}

const described = (ports: LoadedModel['inputs']): string =>
  ports.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape}]`).join(', ') || 'none';
