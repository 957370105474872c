/** `trace(function, signature)` → graph: runs a tfjs function once on the recording backend. */
import { type Graph, inputValue, type Output, type Value } from '../onnx/ir.ts';
import { probeSizes, unifySymbolic } from '../onnx/symbolic.ts';
import type { FunctionOf, Signature, TensorFunction, Tensors } from '../signature.ts';
import { tf } from '../tfjs.ts';
import { backendName, onnxBackend } from './backend.ts';
import { type Device, portable } from './device.ts';
import { onnxType } from './traced.ts';

export interface TraceOptions {
  /** What the graph is for; default: standard operators that every runtime reads. */
  readonly device?: Device;
  readonly name?: string;
  /** Passes over the recorded graph. */
  readonly optimize?: (graph: Graph) => Graph;
}

/**
 * The graph of a function. Inputs and outputs are plain: their shapes are those that the function sees.
 *
 * Named dimensions of the signature stay open in the graph: the function is traced with two sizes, and what
 * differs between the two graphs is what depends on the dimension.
 *
 * @throws LoweringError naming the kernel, its operands and the cause, where a kernel cannot be expressed
 */
export function trace<Inputs extends Signature>(
  fn: FunctionOf<Inputs>,
  signature: Inputs,
  options?: TraceOptions,
): Graph;
export function trace(fn: TensorFunction, signature: Signature, options: TraceOptions = {}): Graph {
  const { optimize = (graph) => graph } = options;
  const symbols = [
    ...new Set(Object.values(signature).flatMap(({ shape }) => shape.filter((d) => typeof d === 'string'))),
  ];
  const at = (sizes: Readonly<Record<string, number>>): Graph =>
    optimize(traceOnce(fn, signature, sizes, options));
  if (symbols.length === 0) return at({});
  const [first, second] = probeSizes(symbols);
  return unifySymbolic(at(first), at(second), first, second);
}

function traceOnce(
  fn: TensorFunction,
  signature: Signature,
  sizes: Readonly<Record<string, number>>,
  { device = portable, name = 'graph' }: TraceOptions,
): Graph {
  const backend = onnxBackend();
  const inputs: Value[] = [];
  const record = (): Output[] => {
    const tensors: Tensors = {};
    for (const [input, { shape, dtype }] of Object.entries(signature)) {
      const known = shape.map((d) => (typeof d === 'string' ? (sizes[d] as number) : d));
      const value = inputValue(input, { dtype: onnxType(dtype), shape: known });
      inputs.push(value);
      tensors[input] = backend.tensorOf({ value, layout: 'plain', shape: known, dtype });
    }
    const results = Object.entries(fn(tensors));
    if (results.length === 0) throw new Error(`the traced function ${name} returned no tensors`);
    return results.map(([output, tensor]) => ({
      name: output,
      value: backend.currentLowering().as(backend.tracedOf(tensor), 'plain'),
    }));
  };
  let outputs: readonly Output[] = [];
  withBackend(backendName, () =>
    // Not the result of tidy, which would look for tensors in it: through the whole graph, element by element.
    tf.tidy('trace', () => {
      outputs = backend.recording(device, record);
    }),
  );
  return { name, inputs, outputs };
}

/** Runs `body` with a tfjs backend selected, and selects the former one again. */
function withBackend<T>(name: string, body: () => T): T {
  const former = tf.getBackend();
  // The factory is synchronous, so the backend is selected before the promise resolves.
  void tf.setBackend(name);
  try {
    return body();
  } finally {
    if (former && former !== name) void tf.setBackend(former);
  }
}
