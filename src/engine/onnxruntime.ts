/** The onnxruntime engine: a function is traced once, forward and backward, and its graph is run. */
import * as ort from 'onnxruntime-node';
import { type DeviceName, requireDevice } from '../devices/index.ts';
import type { Graph, TensorData } from '../onnx/ir.ts';
import { optimize, optimizeFor, type Pass } from '../onnx/passes/index.ts';
import { joinAlternatives, serialize, serializeAlternative } from '../onnx/serde.ts';
import { onnxBackend } from '../trace/backend.ts';
import { cpu, cuda, webgpu } from '../trace/device.ts';
import { legalize } from '../trace/legalize.ts';
import { trace } from '../trace/trace.ts';
import { blockSize } from './block-size.ts';
import { phase } from './compile-phases.ts';
import { type Engine, engineOf, type Task } from './engine.ts';
import { providerFor } from './provider.ts';
import { createSession, loadApart, takingTurns, withOutputPrefix } from './sessions.ts';
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

  const graphOf = async ({ fn, signature, precision }: Task, name: string): Promise<Graph> => {
    const half = precision === 'float16';
    if (half) await requireHalf(provider);
    const passes = optimizeFor({ half, stacksImages: device.stacksImages });
    const prepare: Pass = (graph) => legalize(device)(passes(graph));
    // The blocked layout has float32 only.
    const target = half ? { ...device, block: 0 } : device;
    const traced = await phase(`trace of ${name}`, () => trace(fn, signature, { device: target, name }));
    return phase(`passes of ${name}`, () => withOutputPrefix(prepare(traced)));
  };

  const load = async (write: () => Uint8Array): Promise<ort.InferenceSession> => {
    const model = await phase('serialisation', write);
    return phase('session', () => createSession(model, session, provider));
  };

  return engineOf(`onnxruntime (${provider})`, async (tasks) => {
    const graphs: Record<string, Graph> = {};
    for (const [name, task] of Object.entries(tasks)) graphs[name] = await graphOf(task, name);
    // A GPU's memory is not the session's.
    const together = provider === 'cpu' && Object.keys(graphs).length > 1;
    const { sessions, run } = together
      ? takingTurns(
          await load(() =>
            joinAlternatives(
              Object.entries(graphs).map(([name, graph]) =>
                serializeAlternative(graph, name, { segmentSize }),
              ),
            ),
          ),
          tasks,
        )
      : await loadApart(graphs, tasks, (graph) => load(() => serialize(graph, written)));
    return {
      run,
      dispose: async () => {
        for (const created of sessions) {
          if (profile) created.endProfiling();
          await created.release();
        }
      },
    };
  });
}

/** Nodes: with fewer, more results cross from one segment to another; with more, onnxruntime takes longer to plan. */
const segmentSize = 500;

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
