/** The onnxruntime engine: a function is traced once, forward and backward, and its graph is run. */
import * as ort from 'onnxruntime-node';
import { type DeviceName, deviceNames, requireDevice } from '../devices/index.ts';
import { oneOf, requireKinds, threads as threadCount } from '../kinds.ts';
import type { Graph, TensorData } from '../onnx/ir.ts';
import { fuseFor, optimize, simplify } from '../onnx/passes/index.ts';
import { joinAlternatives, serialize, serializeAlternative } from '../onnx/serde.ts';
import type { Step } from '../signature.ts';
import { onnxBackend } from '../trace/backend.ts';
import { cpu, cuda, type Device, webgpu } from '../trace/device.ts';
import { legalize } from '../trace/legalize.ts';
import { trace } from '../trace/trace.ts';
import { blockSize } from './block-size.ts';
import { phase } from './compile-phases.ts';
import { type Engine, engineOf, nameInPart, type Task } from './engine.ts';
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

  /** What is recorded of a function, without what is superfluous or twice in it. */
  const recorded = async ({ fn, signature }: Step, name: string, target: Device): Promise<Graph> => {
    const traced = await phase('trace', () => trace(fn, signature, { device: target, name }));
    return phase('simplification', () => simplify(traced));
  };

  const graphOf = async (task: Task, name: string, wholes: Map<Step, Graph>): Promise<Graph> => {
    const half = task.precision === 'float16';
    if (half) await requireHalf(provider);
    // The blocked layout has float32 only.
    const target = half ? { ...device, block: 0 } : device;
    const known = wholes.get(task.whole ?? task);
    const whole = known ?? (await recorded(task.whole ?? task, name, target));
    wholes.set(task.whole ?? task, whole);
    const graph = task.whole ? partOf(whole, name, task) : whole;
    const fuse = fuseFor({ half, stacksImages: device.stacksImages });
    return phase(`passes of ${name}`, () => withOutputPrefix(legalize(device)(fuse(graph))));
  };

  const load = async (write: () => Uint8Array): Promise<ort.InferenceSession> => {
    const model = await phase('serialisation', write);
    return phase('session', () => createSession(model, session, provider));
  };

  return engineOf(`onnxruntime (${provider})`, async (tasks) => {
    const graphs: Record<string, Graph> = {};
    const wholes = new Map<Step, Graph>();
    for (const [name, task] of Object.entries(tasks)) graphs[name] = await graphOf(task, name, wholes);
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

/** A task's part of the graph of its whole. */
const partOf = ({ inputs, outputs }: Graph, name: string, { signature }: Task): Graph => ({
  name,
  inputs: inputs.filter(({ source }) => source.kind === 'input' && Object.hasOwn(signature, source.name)),
  outputs: outputs.flatMap(({ name: output, value }) => {
    const own = nameInPart(name, output);
    return own === undefined ? [] : [{ name: own, value }];
  }),
});

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
