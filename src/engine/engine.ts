/** Engines: what runs a tfjs function many times. */
import type { Precision } from '../precision.ts';
import type { Signature, TensorFunction } from '../signature.ts';

export type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements by tensor name, row-major in the shapes of the signature. */
export type Feeds = Readonly<Record<string, Elements>>;

export interface Compiled {
  /** Computes the function's outputs, row-major. Runs one at a time. */
  run(feeds: Feeds): Promise<Record<string, Elements>>;
  dispose(): Promise<void>;
}

export interface Engine {
  /** For people, e.g. `onnxruntime (cpu)`. */
  readonly name: string;
  /**
   * Prepares a function for inputs of the signature's shapes; all dimensions must be numbers.
   *
   * @param precision what the network computes in, default float32; inputs and outputs are float32 in any case
   * @throws InputError where the engine does not have the precision
   */
  compile(fn: TensorFunction, signature: Signature, name: string, precision?: Precision): Promise<Compiled>;
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
