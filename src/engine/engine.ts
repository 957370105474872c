/** Engines: what runs a tfjs function many times. */
import type { Precision } from '../precision.ts';
import type { Signature, Step, TensorFunction, Tensors } from '../signature.ts';

export type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements by tensor name, row-major in the shapes of the signature. */
export type Feeds = Readonly<Record<string, Elements>>;

/** Computes a function's outputs, row-major. Runs one at a time. */
export type Run = (feeds: Feeds) => Promise<Record<string, Elements>>;

export interface Compiled {
  readonly run: Run;
  dispose(): Promise<void>;
}

/** A step to compile, and what its network computes in: default float32; inputs and outputs are float32 in any case. */
export interface Task extends Step {
  readonly precision?: Precision | undefined;
  /**
   * A step that computes the same and more: what this one gives is there as {@link partOutputs} of the task's name. Tasks of
   * one whole are traced once.
   */
  readonly whole?: Step | undefined;
}

const partPrefix = (task: string): string => `${task}/`;

/** The outputs of a task as some of those of its whole. */
export const partOutputs = (task: string, outputs: Tensors): Tensors =>
  Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [partPrefix(task) + name, tensor]));

/** The task's name for an output of its whole; undefined for one of another task. */
export const nameInPart = (task: string, output: string): string | undefined =>
  output.startsWith(partPrefix(task)) ? output.slice(partPrefix(task).length) : undefined;

/** Functions under their names, of which one runs at a time. */
export interface Program<Tasks extends Readonly<Record<string, Task>>> {
  readonly run: { readonly [Name in keyof Tasks]: Run };
  dispose(): Promise<void>;
}

export interface Engine {
  /** For people, e.g. `onnxruntime (cpu)`. */
  readonly name: string;
  /**
   * Prepares a function for inputs of the signature's shapes; all dimensions must be numbers.
   *
   * @throws InputError where the engine does not have the precision
   */
  compile(fn: TensorFunction, signature: Signature, name: string, precision?: Precision): Promise<Compiled>;
  /**
   * The same for functions that take turns: together they need the memory that the largest of them needs, where the engine
   * can have it so (onnxruntime on a CPU).
   */
  compileAll<Tasks extends Readonly<Record<string, Task>>>(tasks: Tasks): Promise<Program<Tasks>>;
}

/** What runs each of the tasks. */
export const runsOf = <Tasks extends Readonly<Record<string, Task>>>(
  tasks: Tasks,
  runOf: (task: Task, name: string) => Run,
): Program<Tasks>['run'] =>
  Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [name, runOf(task, name)]),
  ) as Program<Tasks>['run'];

/** An engine, given how it compiles functions that take turns. */
export const engineOf = (name: string, compileAll: Engine['compileAll']): Engine => ({
  name,
  compileAll,
  compile: async (fn, signature, task, precision) => {
    const { run, dispose } = await compileAll({ [task]: { fn, signature, precision } });
    return { run: run[task] as Run, dispose };
  },
});

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Zeros for every input: enough to run a function. */
export const zeroFeeds = (signature: Signature): Feeds =>
  Object.fromEntries(
    Object.entries(signature).map(([name, { shape, dtype }]): [string, Elements] => [
      name,
      new arrays[dtype](shape.reduce<number>((product, size) => product * Number(size), 1)),
    ]),
  );

/** Throws where a feed is missing, not in the signature, or of the wrong kind or size. */
export function checkFeeds(signature: Signature, feeds: Feeds): void {
  for (const [name, { shape, dtype }] of Object.entries(signature)) {
    const elements = feeds[name];
    const size = shape.reduce<number>((product, d) => product * Number(d), 1);
    const array = arrays[dtype];
    if (!(elements instanceof array) || elements.length !== size) {
      const got = elements ? `${elements.constructor.name} of ${elements.length}` : 'nothing';
      throw new Error(`the input ${name} needs a ${array.name} of ${size} elements [${shape}], got ${got}`);
    }
  }
  const extra = Object.keys(feeds).find((name) => !Object.hasOwn(signature, name));
  if (extra) throw new Error(`unknown input ${extra}; expected ${Object.keys(signature).join(', ')}`);
}
