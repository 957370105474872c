/** The onnxruntime engine: a function is traced once, forward and backward, and its graph is run. */

import { type DeviceName, deviceNames, requireDevice } from '../devices/index.ts';
import { oneOf, requireKinds, threads as threadCount } from '../kinds.ts';
import type { Graph, TensorData } from '../onnx/ir.ts';
import { optimize } from '../onnx/passes/index.ts';
import { joinAlternatives, serialize, serializeAlternative } from '../onnx/serde.ts';
import * as ort from '../runtime.ts';
import { onnxBackend } from '../trace/backend.ts';
import { cpu, cuda, webgpu } from '../trace/device.ts';
import { blockSize } from './block-size.ts';
import { phase } from './compile-phases.ts';
import { type Engine, engineOf } from './engine.ts';
import { graphsOf } from './graphs.ts';
import { providerFor } from './provider.ts';
import { createSession, loadApart, takingTurns } from './sessions.ts';
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
 * @throws InputError where an option is not what it must be; FailureError where the provider cannot be used on this machine
 */
export async function onnxruntimeEngine({
  provider = 'cpu',
  threads,
  blocked = true,
  profile,
}: OnnxruntimeOptions = {}): Promise<Engine> {
  const given = { provider, threads };
  requireKinds(given, { provider: oneOf(deviceNames), threads: threadCount }, ['threads']);
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

  const load = async (write: () => Uint8Array): Promise<ort.InferenceSession> => {
    const model = await phase('serialisation', write);
    return phase('session', () => createSession(model, session, provider));
  };

  const loadTogether = (graphs: Readonly<Record<string, Graph>>): Promise<ort.InferenceSession> =>
    load(() =>
      joinAlternatives(
        Object.entries(graphs).map(([name, graph]) => serializeAlternative(graph, name, { segmentSize })),
      ),
    );

  return engineOf(`onnxruntime (${provider})`, async (tasks) => {
    for (const { precision } of Object.values(tasks)) {
      if (precision === 'float16') await requireHalf(provider);
    }
    const graphs = await graphsOf(tasks, device);
    // A GPU's memory is not the session's.
    const together = provider === 'cpu' && Object.keys(graphs).length > 1;
    const { sessions, run } = together
      ? takingTurns(await loadTogether(graphs), tasks)
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
