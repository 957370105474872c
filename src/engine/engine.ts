/** Engines: what runs a tfjs function many times. */
import { InputError } from '../errors.ts';
import { oneOf, requireKind } from '../kinds.ts';
import { isWhole } from '../objects.ts';
import { type Precision, precisions } from '../precision.ts';
import type { Signature, Step, TensorFunction, Tensors } from '../signature.ts';

export type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements by tensor name, row-major in the shapes of the signature. */
export type Feeds = Readonly<Record<string, Elements>>;

/** Computes a function's outputs, row-major. Runs one at a time. */
export type Run = (feeds: Feeds) => Promise<Record<string, Elements>>;

export interface Compiled {
  readonly run: Run;
  /** Ends what was compiled, when what runs is done. Can be called twice. */
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
   * @throws InputError where a dimension is open, or the engine does not have the precision
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

function requireCompilable(name: string, { signature, precision = 'float32' }: Task): void {
  requireKind(oneOf(precisions), precision, `the precision of ${name}`);
  for (const [input, { shape }] of Object.entries(signature)) {
    if (shape.every((size) => isWhole(size, 0))) continue;
    throw new InputError(
      `${name}: the input ${input} is compiled for one size: its dimensions must be whole numbers, got [${shape.join(', ')}]`,
    );
  }
}

/** The same program, whose end waits for what runs, comes once, and is told to who would run it afterwards. */
function endingOnce<Tasks extends Readonly<Record<string, Task>>>(
  { run, dispose }: Program<Tasks>,
  tasks: Tasks,
): Program<Tasks> {
  let ended: Promise<void> | undefined;
  const running = new Set<Promise<unknown>>();
  return {
    run: runsOf(tasks, (_, name) => async (feeds) => {
      if (ended) throw new Error(`${name} cannot run: it was disposed`);
      const results = (run[name] as Run)(feeds);
      running.add(results);
      try {
        return await results;
      } finally {
        running.delete(results);
      }
    }),
    dispose: () => {
      ended ??= Promise.allSettled(running).then(dispose);
      return ended;
    },
  };
}

/** An engine, given how it compiles functions that take turns. */
export function engineOf(name: string, compileTasks: Engine['compileAll']): Engine {
  const compileAll: Engine['compileAll'] = async (tasks) => {
    for (const [task, subject] of Object.entries(tasks)) requireCompilable(task, subject);
    return endingOnce(await compileTasks(tasks), tasks);
  };
  return {
    name,
    compileAll,
    compile: async (fn, signature, task, precision) => {
      const { run, dispose } = await compileAll({ [task]: { fn, signature, precision } });
      return { run: run[task] as Run, dispose };
    },
  };
}

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
