/** The engines at hand, and how a test computes a function on one. */
import type { Elements, Engine, Feeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import { FailureError } from '../../src/errors.ts';
import type { Signature, TensorFunction } from '../../src/signature.ts';

export interface NamedEngine {
  readonly name: string;
  readonly engine: Engine;
}

/** What the others are compared with. */
export const reference = (): Promise<Engine> => tfjsEngine('cpu');

/** The engines that run traced graphs. One thread each: the tests of several files run at a time. */
export const tracedEngines = async (): Promise<NamedEngine[]> => [
  { name: 'onnxruntime, blocked', engine: await onnxruntimeEngine({ blocked: true, threads: 1 }) },
  { name: 'onnxruntime, NCHW', engine: await onnxruntimeEngine({ blocked: false, threads: 1 }) },
];

/** libtensorflow, where this machine has it; else says why it is left out. */
export async function tensorflowEngine(): Promise<NamedEngine | undefined> {
  try {
    return { name: 'tfjs, tensorflow', engine: await tfjsEngine('tensorflow') };
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    console.info(`skipped: tests on libtensorflow: ${error.message}`);
    return undefined;
  }
}

/** The engines that run functions eagerly. */
export async function eagerEngines(): Promise<NamedEngine[]> {
  const tensorflow = await tensorflowEngine();
  return [{ name: 'tfjs, cpu', engine: await reference() }, ...(tensorflow ? [tensorflow] : [])];
}

/** Every engine that this machine has. */
export const allEngines = async (): Promise<NamedEngine[]> => [
  ...(await tracedEngines()),
  ...(await eagerEngines()),
];

/** One run of a function. */
export async function compute(
  engine: Engine,
  fn: TensorFunction,
  signature: Signature,
  feeds: Feeds,
): Promise<Record<string, Elements>> {
  const compiled = await engine.compile(fn, signature, 'test');
  try {
    return await compiled.run(feeds);
  } finally {
    await compiled.dispose();
  }
}
