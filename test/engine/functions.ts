/** Functions that every engine must compute alike: what goes in and out. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Elements } from '../../src/engine/engine.ts';
import { float32, int32, type Signature, type TensorFunction, type TensorSpec } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';

export interface FunctionCase {
  readonly name: string;
  readonly signature: Signature;
  readonly fn: TensorFunction;
  readonly feeds: Readonly<Record<string, Elements>>;
  /** The outputs, where they are known beforehand; else they are the reference engine's. */
  readonly expected?: Readonly<Record<string, Elements>>;
  /** The greatest ‖difference‖/‖expected‖ of an output; default: equal to the bit. */
  readonly tolerance?: number;
}

const bool = (...shape: number[]): TensorSpec => ({ shape, dtype: 'bool' });
export const tensor = (x: Tensor | undefined): Tensor => x as Tensor;

export const plumbing: readonly FunctionCase[] = [
  {
    name: 'takes and returns floats, integers and truth values',
    signature: { x: float32(3), i: int32(3), b: bool(3) },
    fn: ({ x, i, b }) => ({
      sum: tf.addN([tensor(x), tf.cast(tensor(i), 'float32'), tf.cast(tensor(b), 'float32')]),
      double: tf.mul(tensor(i), tf.scalar(2, 'int32')),
      less: tf.less(tensor(x), 0.75),
      not: tf.logicalNot(tensor(b)),
    }),
    feeds: { x: Float32Array.of(0.5, 1, -2), i: Int32Array.of(7, -8, 9), b: Uint8Array.of(1, 0, 1) },
    expected: {
      sum: Float32Array.of(8.5, -7, 8),
      double: Int32Array.of(14, -16, 18),
      less: Uint8Array.of(1, 0, 1),
      not: Uint8Array.of(0, 1, 0),
    },
  },
  {
    name: 'may ignore an input',
    signature: { x: float32(2), unused: float32(5) },
    fn: ({ x }) => ({ y: tf.neg(tensor(x)) }),
    feeds: { x: Float32Array.of(1, -2), unused: new Float32Array(5) },
    expected: { y: Float32Array.of(-1, 2) },
  },
  {
    name: 'may return an input, a tensor under two names, and an output of the same name as an input',
    signature: { x: float32(2), y: int32(1) },
    fn: ({ x, y }) => {
      const square = tf.square(tensor(x));
      return { same: tensor(x), y: tensor(y), first: square, second: square, x: tf.add(tensor(x), 1) };
    },
    feeds: { x: Float32Array.of(3, -4), y: Int32Array.of(5) },
    expected: {
      same: Float32Array.of(3, -4),
      y: Int32Array.of(5),
      first: Float32Array.of(9, 16),
      second: Float32Array.of(9, 16),
      x: Float32Array.of(4, -3),
    },
  },
  {
    name: 'may return constants, and take nothing',
    signature: {},
    fn: () => ({ half: tf.scalar(0.5), ones: tf.ones([2, 2]) }),
    feeds: {},
    expected: { half: Float32Array.of(0.5), ones: Float32Array.of(1, 1, 1, 1) },
  },
  {
    name: 'takes scalars',
    signature: { a: float32(), x: float32(2) },
    fn: ({ a, x }) => ({ y: tf.mul(tensor(a), tensor(x)), a: tf.neg(tensor(a)) }),
    feeds: { a: Float32Array.of(2), x: Float32Array.of(3, 4) },
    expected: { y: Float32Array.of(6, 8), a: Float32Array.of(-2) },
  },
];
