/** The onnxruntime engine: a function is traced once, forward and backward, and its graph is run. */
import * as ort from 'onnxruntime-node';
import { FailureError, messageOf } from '../errors.ts';
import { createBuilder } from '../onnx/build.ts';
import { type Graph, inputValue, type TensorData } from '../onnx/ir.ts';
import { optimize } from '../onnx/passes/index.ts';
import { serialize } from '../onnx/serde.ts';
import type { Signature } from '../signature.ts';
import { onnxBackend } from '../trace/backend.ts';
import { type Device, portable } from '../trace/device.ts';
import { trace } from '../trace/trace.ts';
import { blockSize } from './block-size.ts';
import { checkFeeds, type Elements, type Engine, type Feeds } from './engine.ts';

// What goes wrong is thrown as well; the console belongs to the program.
ort.env.logLevel = 'fatal';

export type Provider = 'cpu' | 'cuda' | 'webgpu';

export interface OnnxruntimeOptions {
  readonly provider?: Provider;
  /** Threads of one operator; default: onnxruntime's own choice, one a core. */
  readonly threads?: number;
  /** Whether the blocked layout may be used (cpu); default true. */
  readonly blocked?: boolean;
  /** Records each node's time; `dispose` writes them to a file of this prefix (onnxruntime's JSON trace). */
  readonly profile?: string | undefined;
}

/**
 * An engine on onnxruntime.
 *
 * @throws FailureError where the provider cannot be used on this machine
 */
export async function onnxruntimeEngine({
  provider = 'cpu',
  threads,
  blocked = true,
  profile,
}: OnnxruntimeOptions = {}): Promise<Engine> {
  const session: ort.InferenceSession.SessionOptions = {
    executionProviders: [provider],
    // Our own passes did the work; onnxruntime's take seconds on 20,000 nodes and gain nothing.
    graphOptimizationLevel: 'disabled',
    // Planning memory as one arena doubles the peak of a training graph.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(threads && { intraOpNumThreads: threads }),
    ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
  };
  await requireProvider(provider);
  const device: Device =
    provider === 'cpu'
      ? { name: 'cpu', block: blocked ? await blockSize() : 0, contrib: true }
      : { ...portable, name: provider };
  // Segments are subgraphs; whether to enter one is asked on the CPU.
  const written = provider === 'cpu' ? { segmentSize } : {};
  return {
    name: `onnxruntime (${provider})`,
    compile: async (fn, signature, name) => {
      const graph = withOutputPrefix(trace(fn, signature, { device, name, optimize }));
      const created = await createSession(serialize(graph, written), session);
      return {
        run: async (feeds) => {
          checkFeeds(signature, feeds);
          return run(created, signature, feeds);
        },
        dispose: () => {
          if (profile) created.endProfiling();
          return created.release();
        },
      };
    },
  };
}

/** Nodes: with fewer, more results cross from one segment to another; with more, onnxruntime takes longer to plan. */
export const segmentSize = 500;

/** Marks outputs in the graph: a step's new state bears the name of the old one, which ONNX does not allow. */
const outputPrefix = 'output/';

const withOutputPrefix = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.outputs.map(({ name, value }) => ({ name: outputPrefix + name, value })),
});

const advice: Readonly<Record<Provider, string>> = {
  cpu: 'reinstall onnxruntime-node',
  cuda: 'it needs an NVIDIA GPU with its driver, and: npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12',
  webgpu: 'it needs a GPU with a Vulkan, Metal or Direct3D driver',
};

/** Fails where the provider does not start. It may be listed and lack its libraries or a device: only use tells. */
async function requireProvider(provider: Provider): Promise<void> {
  const input = inputValue('x', { dtype: 'float32', shape: [1] });
  const value = createBuilder().node('Neg', [input]);
  const probe = serialize({ name: 'probe', inputs: [input], outputs: [{ name: 'y', value }] });
  try {
    const session = await ort.InferenceSession.create(probe, {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.run({ x: new ort.Tensor('float32', Float32Array.of(1), [1]) });
    await session.release();
  } catch (error) {
    throw new FailureError(
      `onnxruntime cannot use ${provider} here: ${messageOf(error)}\n${advice[provider]}; --device cpu works everywhere`,
    );
  }
}

async function createSession(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw new FailureError(
      `onnxruntime cannot load the graph on ${String(options.executionProviders)}: ${messageOf(error)}`,
    );
  }
}

async function run(
  session: ort.InferenceSession,
  signature: Signature,
  feeds: Feeds,
): Promise<Record<string, Elements>> {
  const tensors: Record<string, ort.Tensor> = {};
  // A function may ignore an input; then the graph does not have it.
  for (const name of session.inputNames) {
    const { shape, dtype } = signature[name] as Signature[string];
    tensors[name] = new ort.Tensor(dtype, feeds[name] as Float32Array, shape as number[]);
  }
  const results = await session.run(tensors);
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name.slice(outputPrefix.length), data as Elements]),
  );
}

/** Installs onnxruntime as what computes tensors of the tfjs backend `onnx` when a program reads them. */
export function registerOnnxBackend(): void {
  onnxBackend().evaluator = evaluate;
}

async function evaluate(graph: Graph): Promise<Record<string, TensorData>> {
  const session = await createSession(serialize(optimize(graph)), { logSeverityLevel: 3 });
  try {
    const results = await session.run({});
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as TensorData]));
  } finally {
    await session.release();
  }
}
