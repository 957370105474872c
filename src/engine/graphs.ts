/** Tasks as the graphs that onnxruntime is given: traced, optimised, and within what the device can do. */
import type { Graph } from '../onnx/ir.ts';
import { fuseFor, simplify } from '../onnx/passes/index.ts';
import type { Step } from '../signature.ts';
import type { Device } from '../trace/device.ts';
import { legalize } from '../trace/legalize.ts';
import { trace } from '../trace/trace.ts';
import { phase } from './compile-phases.ts';
import { nameInPart, type Task } from './engine.ts';

/**
 * The graphs of tasks, by name; their outputs are marked. What several of them are parts of is traced and simplified once.
 *
 * @throws LoweringError where a kernel of a task cannot be expressed
 */
export async function graphsOf(
  tasks: Readonly<Record<string, Task>>,
  device: Device,
): Promise<Record<string, Graph>> {
  const graphs: Record<string, Graph> = {};
  const known = new Map<Step, Graph>();
  for (const [name, task] of Object.entries(tasks)) {
    const step = task.whole ?? task;
    const half = task.precision === 'float16';
    // The blocked layout has float32 only.
    const target = half ? { ...device, block: 0 } : device;
    const whole = known.get(step) ?? (await recorded(step, name, target));
    known.set(step, whole);
    const graph = withOutputPrefix(task.whole ? partOf(whole, name, task) : whole);
    const fuse = fuseFor({ half, stacksImages: device.stacksImages });
    graphs[name] = await phase(`passes of ${name}`, () => legalize(device)(fuse(graph)));
  }
  return graphs;
}

/** What is recorded of a function, without what is superfluous or twice in it. */
async function recorded({ fn, signature }: Step, name: string, device: Device): Promise<Graph> {
  const traced = await phase('trace', () => trace(fn, signature, { device, name }));
  return phase('simplification', () => simplify(traced));
}

/** Marks outputs in the graph: a step's new state bears the name of the old one, which ONNX does not allow. */
export const outputPrefix = 'output/';

const withOutputPrefix = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.outputs.map(({ name, value }) => ({ name: outputPrefix + name, value })),
});

/** A task's part of the graph of its whole. */
const partOf = ({ inputs, outputs }: Graph, name: string, { signature }: Task): Graph => ({
  name,
  inputs: inputs.filter(({ source }) => source.kind === 'input' && Object.hasOwn(signature, source.name)),
  outputs: outputs.flatMap(({ name: output, value }) => {
    const own = nameInPart(name, output);
    return own === undefined ? [] : [{ name: own, value }];
  }),
});
