/** The onnxruntime engine: a function is traced once, forward and backward, and its graph is run. */
import * as ort from 'onnxruntime-node';
import { type DeviceName, requireDevice } from '../devices/index.ts';
import { FailureError, messageOf } from '../errors.ts';
import type { Graph, TensorData } from '../onnx/ir.ts';
import { optimize, optimizeFor, type Pass } from '../onnx/passes/index.ts';
import { serialize } from '../onnx/serde.ts';
import type { Signature } from '../signature.ts';
import { onnxBackend } from '../trace/backend.ts';
import { cpu, cuda, webgpu } from '../trace/device.ts';
import { legalize } from '../trace/legalize.ts';
import { trace } from '../trace/trace.ts';
import { blockSize } from './block-size.ts';
import { checkFeeds, type Elements, type Engine, type Feeds } from './engine.ts';
import { providerFor } from './provider.ts';
import { keepDevice, requireHalf } from './trial.ts';

// What goes wrong is thrown as well; the console belongs to the program.
ort.env.logLevel = 'fatal';

export type Provider = DeviceName;

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
    executionProviders: [providerFor(provider)],
    // Our own passes did the work; onnxruntime's take seconds on 20,000 nodes and gain nothing.
    graphOptimizationLevel: 'disabled',
    // Planning memory as one arena doubles the peak of a training graph.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(threads && { intraOpNumThreads: threads }),
    ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
  };
  await requireDevice(provider);
  await keepDevice(provider);
  const device = provider === 'cpu' ? cpu(blocked ? await blockSize() : 0) : { cuda, webgpu }[provider];
  // What an If costs on CUDA nobody has measured.
  const written = provider === 'cuda' ? {} : { segmentSize };
  return {
    name: `onnxruntime (${provider})`,
    compile: async (fn, signature, name, precision = 'float32') => {
      const half = precision === 'float16';
      if (half) await requireHalf(provider);
      const passes = optimizeFor({ half, stacksImages: device.stacksImages });
      const prepare: Pass = (graph) => legalize(device)(passes(graph));
      // The blocked layout has float32 only.
      const target = half ? { ...device, block: 0 } : device;
      const graph = withOutputPrefix(trace(fn, signature, { device: target, name, optimize: prepare }));
      const created = await createSession(serialize(graph, written), session, provider);
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
export const segmentSize = 1000;

/** Marks outputs in the graph: a step's new state bears the name of the old one, which ONNX does not allow. */
const outputPrefix = 'output/';

const withOutputPrefix = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.outputs.map(({ name, value }) => ({ name: outputPrefix + name, value })),
});

async function createSession(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
  provider: Provider = 'cpu',
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw new FailureError(`onnxruntime cannot load the graph on ${provider}: ${messageOf(error)}`);
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
