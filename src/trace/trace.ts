/** `trace(function, signature)` → graph: runs a tfjs function once on the recording backend. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { InputError } from '../errors.ts';
import { isObject, isWhole } from '../objects.ts';
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
 * What does not depend on the inputs is computed once, while the function is traced: so are numbers that it draws at random.
 *
 * @throws LoweringError naming the kernel, its operands and the cause, where a kernel cannot be expressed; InputError where the
 * signature has what is no dimension, or the function gives something else than tensors or assigns to a variable
 */
export function trace<Inputs extends Signature>(
  fn: FunctionOf<Inputs>,
  signature: Inputs,
  options?: TraceOptions,
): Graph;
export function trace(fn: TensorFunction, signature: Signature, options: TraceOptions = {}): Graph {
  const { optimize = (graph) => graph } = options;
  requireDimensions(signature);
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
    const results = tensorsOf(fn(tensors), name);
    return results.map(([output, tensor]) => ({
      name: output,
      value: backend.currentLowering().as(backend.tracedOf(tensor), 'plain'),
    }));
  };
  let outputs: readonly Output[] = [];
  withBackend(backendName, () =>
    // Not the result of tidy, which would look for tensors in it: through the whole graph, element by element.
    tf.tidy('trace', () => {
      outputs = withoutAssignments(() => backend.recording(device, record));
    }),
  );
  return { name, inputs, outputs };
}

function requireDimensions(signature: Signature): void {
  for (const [input, { shape }] of Object.entries(signature)) {
    const wrong = shape.find((size) => size === '' || (typeof size !== 'string' && !isWhole(size, 0)));
    if (wrong === undefined) continue;
    throw new InputError(
      `the input ${input} must have dimensions that are whole numbers from 0, or names such as 'N' where they are open, ` +
        `got [${shape.map((size) => (size === '' ? "''" : String(size))).join(', ')}]`,
    );
  }
}

/** What a function has given, by name. */
function tensorsOf(results: unknown, name: string): [string, Tensor][] {
  const entries = isObject(results) ? Object.entries(results) : [];
  if (entries.length > 0 && entries.every(([, result]) => result instanceof tf.Tensor)) {
    return entries as [string, Tensor][];
  }
  const waits = results instanceof Promise ? ': it is async, and a trace cannot wait' : '';
  throw new InputError(`the traced function ${name} must return an object of tensors by name${waits}`);
}

/** Runs `body` while nothing can be assigned to a variable, which would lose its elements to what has none yet. */
function withoutAssignments<T>(body: () => T): T {
  const { assign } = tf.Variable.prototype;
  tf.Variable.prototype.assign = function refuse(this: Variable): never {
    throw new InputError(
      `the traced function assigns to the variable ${this.name}: return the new value instead`,
    );
  };
  try {
    return body();
  } finally {
    tf.Variable.prototype.assign = assign;
  }
}

/** Runs `body` with a tfjs backend selected, and selects the former one again. */
function withBackend<T>(name: string, body: () => T): T {
  // Where none has computed yet, the usual one is selected: else that would be left selected which only records.
  tf.backend();
  const former = tf.getBackend();
  // The factory is synchronous, so the backend is selected before the promise resolves.
  void tf.setBackend(name);
  try {
    return body();
  } finally {
    void tf.setBackend(former);
  }
}
