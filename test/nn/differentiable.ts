/** Differentiable functions as tables of operands, and what a test computes with them: values, gradients, slopes. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import type { Signature, TensorFunction, Tensors } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import type { Input } from '../trace/inputs.ts';

export interface Differentiable {
  readonly name: string;
  /** float32 operands by name. */
  readonly inputs: Readonly<Record<string, Input>>;
  run(inputs: Tensors): Tensor;
}

/** Images are fed with the channels first, as networks are. */
const fedShape = ({ shape, isImage }: Input): readonly number[] =>
  isImage ? [0, 3, 1, 2].map((axis) => shape[axis] as number) : shape;

/** The pool of single pixels changes nothing, but brings an image into the layout that the device has for images. */
const enter = (x: Tensor, { isImage }: Input): Tensor =>
  isImage ? tf.avgPool(tf.transpose(x, [0, 2, 3, 1]) as Tensor4D, 1, 1, 'valid') : x;

const entered = ({ inputs, run }: Differentiable, fed: Tensors): Tensor =>
  run(
    Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name, enter(fed[name] as Tensor, input)]),
    ),
  );

/** The function's value, as an engine compiles it. */
export const evaluationOf =
  (subject: Differentiable): TensorFunction =>
  (fed) => ({ y: entered(subject, fed) });

/** The value `y` and, for `dy`, the gradient `d<name>` of every operand. */
export const gradientsOf =
  (subject: Differentiable): TensorFunction =>
  ({ dy, ...fed }) => {
    const names = Object.keys(subject.inputs);
    const f = (...x: Tensor[]): Tensor =>
      entered(subject, Object.fromEntries(x.map((tensor, i) => [names[i] as string, tensor])));
    const gradients = tf.grads(f)(
      names.map((name) => fed[name] as Tensor),
      dy,
    );
    const named = gradients.map((gradient, i): [string, Tensor] => [`d${names[i]}`, gradient]);
    return { y: entered(subject, fed), ...Object.fromEntries(named) };
  };

export const signatureOf = ({ inputs }: Differentiable): Signature =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, { shape: fedShape(input), dtype: 'float32' }]),
  );

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);

/** The operands' numbers, the same at each call. */
export const operandsOf = ({ name, inputs }: Differentiable): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(inputs).map(([operand, { shape, draw }]) => {
      const numbers = random(1, name, operand);
      return [operand, Float32Array.from({ length: sizeOf(shape) }, (_, place) => draw(numbers, place))];
    }),
  );

/** Numbers that look normal, the same for the same key. */
export function normals(size: number, ...key: (string | number)[]): Float32Array {
  const numbers = random(2, ...key);
  return Float32Array.from({ length: size }, () => numbers.normal());
}

/** The shape of the function's value. */
export const valueShape = (subject: Differentiable): readonly number[] =>
  tf.tidy(() => {
    const zeros = Object.entries(signatureOf(subject)).map(([name, { shape }]): [string, Tensor] => [
      name,
      tf.zeros(shape as number[]),
    ]);
    return [...entered(subject, Object.fromEntries(zeros)).shape];
  });

/** Steps of one size in every component, up or down at random: none is so large that it crosses a kink alone. */
export function randomSteps(operands: Readonly<Record<string, Float32Array>>, key: string | number) {
  return Object.fromEntries(
    Object.entries(operands).map(([name, { length }]) => {
      const coin = random(3, key, name);
      return [name, Float32Array.from({ length }, () => (coin.integer(2) === 0 ? -1 : 1))];
    }),
  );
}

/** Operands + distance·direction. */
export const moved = (
  operands: Readonly<Record<string, Float32Array>>,
  direction: Readonly<Record<string, Float32Array>>,
  distance: number,
): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(operands).map(([name, x]) => [
      name,
      x.map((element, i) => element + distance * (direction[name]?.[i] as number)),
    ]),
  );

/** Σ a·b in double precision. */
export const dot = (a: Elements, b: Elements): number =>
  Array.from(a).reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/**
 * The derivative of f at 0, by central differences of two step sizes, extrapolated (Richardson): the error is of
 * fourth order, so that steps may be large and float32's rounding small.
 */
export async function slopeOf(f: (t: number) => Promise<number>, step: number): Promise<number> {
  const difference = async (h: number): Promise<number> => ((await f(h)) - (await f(-h))) / (2 * h);
  return (4 * (await difference(step / 2)) - (await difference(step))) / 3;
}

/** ‖x‖. */
export const normOf = (x: Elements): number => Math.sqrt(dot(x, x));

/** ‖a − b‖/‖b‖. */
export const relativeError = (a: Elements, b: Elements): number => {
  const difference = Math.sqrt(Array.from(a).reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0));
  // Nothing is off by nothing where all is 0.
  return difference === 0 ? 0 : difference / normOf(b);
};
