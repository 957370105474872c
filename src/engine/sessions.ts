/** Graphs loaded into onnxruntime: a session each, or one in which they take turns. */

import type { DeviceName } from '../devices/index.ts';
import { FailureError, messageOf } from '../errors.ts';
import { alternativeName, chosenName } from '../onnx/alternatives.ts';
import type { Graph } from '../onnx/ir.ts';
import * as ort from '../runtime.ts';
import type { TensorSpec } from '../signature.ts';
import { checkFeeds, type Elements, type Program, type Run, runsOf, type Task, zeroFeeds } from './engine.ts';
import { outputPrefix } from './graphs.ts';

export async function createSession(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
  provider: DeviceName = 'cpu',
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw new FailureError(`onnxruntime cannot load the graph on ${provider}: ${messageOf(error)}`);
  }
}

const tensorOf = ({ dtype, shape }: TensorSpec, elements: Elements | undefined): ort.Tensor =>
  new ort.Tensor(dtype, elements as Float32Array, shape as number[]);

/** Runs one graph of a session: the one whose names begin with a prefix. The others take what is `idle`. */
function runOf(
  session: ort.InferenceSession,
  { signature }: Task,
  prefix = '',
  idle: Readonly<Record<string, ort.Tensor>> = {},
): Run {
  // A function may ignore an input; then the graph does not have it.
  const inputs = Object.entries(signature).filter(([name]) => session.inputNames.includes(prefix + name));
  const before = prefix + outputPrefix;
  const outputs = session.outputNames.filter((name) => name.startsWith(before));
  return async (feeds) => {
    checkFeeds(signature, feeds);
    const own = inputs.map(([name, spec]) => [prefix + name, tensorOf(spec, feeds[name])]);
    const results = await session.run({ ...idle, ...Object.fromEntries(own) }, outputs);
    return Object.fromEntries(
      outputs.map((name) => [name.slice(before.length), (results[name] as ort.Tensor).data as Elements]),
    );
  };
}

type Loaded<Tasks extends Readonly<Record<string, Task>>> = Pick<Program<Tasks>, 'run'> & {
  readonly sessions: readonly ort.InferenceSession[];
};

/** A session for each graph. */
export async function loadApart<Tasks extends Readonly<Record<string, Task>>>(
  graphs: Readonly<Record<string, Graph>>,
  tasks: Tasks,
  load: (graph: Graph) => Promise<ort.InferenceSession>,
): Promise<Loaded<Tasks>> {
  const sessions: Record<string, ort.InferenceSession> = {};
  for (const [name, graph] of Object.entries(graphs)) sessions[name] = await load(graph);
  const run = runsOf(tasks, (task, name) => runOf(sessions[name] as ort.InferenceSession, task));
  return { sessions: Object.values(sessions), run };
}

/** One session for all, of a file with all their graphs, so that they share its memory. */
export function takingTurns<Tasks extends Readonly<Record<string, Task>>>(
  session: ort.InferenceSession,
  tasks: Tasks,
): Loaded<Tasks> {
  const flag = (chosen: boolean): ort.Tensor => new ort.Tensor('bool', Uint8Array.of(Number(chosen)), []);
  const idle: Record<string, ort.Tensor> = {};
  for (const [task, { signature }] of Object.entries(tasks)) {
    const zeros = zeroFeeds(signature);
    idle[chosenName(task)] = flag(false);
    for (const [name, spec] of Object.entries(signature)) {
      const input = alternativeName(task, name);
      if (session.inputNames.includes(input)) idle[input] = tensorOf(spec, zeros[name]);
    }
  }
  const run = runsOf(tasks, (task, name) =>
    runOf(session, task, alternativeName(name, ''), { ...idle, [chosenName(name)]: flag(true) }),
  );
  return { sessions: [session], run };
}
