/** A small supernet by each method: its loss, and the gradient of all that it learns about the architecture. */
import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import type { Feeds } from '../../../src/engine/engine.ts';
import { random } from '../../../src/random.ts';
import { alphaGradient, supernetLoss, weightGradient } from '../../../src/search/architect.ts';
import type { LearningMethodName } from '../../../src/search/method-names.ts';
import { searchDefaultsOf } from '../../../src/search/method-options.ts';
import { searchMethod } from '../../../src/search/methods/index.ts';
import type { Method, StepInputs } from '../../../src/search/methods/method.ts';
import type { SearchOptions } from '../../../src/search/options.ts';
import { everywhere } from '../../../src/search/spaces/space.ts';
import { candidatesOf, type SearchSpace, searchSpace } from '../../../src/search/spaces.ts';
import { architectureOf, architectureValues, makeSupernet } from '../../../src/search/supernet.ts';
import { float32, int32, type Signature, type TensorFunction } from '../../../src/signature.ts';
import { tf } from '../../../src/tfjs.ts';
import { normals } from '../../nn/differentiable.ts';

export const learningMethods = ['darts', 'pc-darts', 'gdas', 'drnas', 'fair-darts'] as const;

/** The space of DARTS with two nodes: five edges. */
export const twoNodes: SearchSpace = {
  ...searchSpace('darts'),
  name: 'two nodes',
  nodes: 2,
  candidates: everywhere(candidatesOf(searchSpace('darts'), 0, 0), { skeleton: 'darts', nodes: 2 }),
};

export const methodOf = (name: LearningMethodName, options: Partial<SearchOptions> = {}): Method =>
  searchMethod({ ...searchDefaultsOf(name), ...options, method: name });

export interface Size {
  readonly channels: number;
  readonly cells: number;
  readonly batch: number;
  readonly side: number;
}

const classes = 5;

export function subjectOf(
  space: SearchSpace,
  method: Method,
  { batch, side, ...size }: Size,
  /** What is evaluated in the place of the method, and what it takes besides. */
  { twin = method, inputs = {} }: { readonly twin?: Method; readonly inputs?: Signature } = {},
) {
  const supernet = makeSupernet(space, { ...size, imageChannels: 3, classes }, twin);
  const penalties = twin.penalties(space);
  const drawn: StepInputs = Object.assign({}, method.inputs(space), ...penalties.map((one) => one.inputs));
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    alpha: float32(supernet.architecture.size),
    images: float32(batch, 3, side, side),
    labels: int32(batch),
    ...Object.fromEntries(Object.entries(drawn).map(([name, { spec }]) => [name, spec])),
    ...inputs,
  };
  /** The loss with the method's penalties, and its gradients. */
  const fn: TensorFunction = (fed) => {
    const { theta, alpha } = fed as { theta: Tensor; alpha: Tensor };
    const loss = supernetLoss(supernet, fed);
    const data = { images: fed.images as Tensor4D, labels: fed.labels as Tensor1D };
    const penalty = (a: Tensor): Scalar =>
      penalties.reduce<Scalar>(
        (sum, one) => tf.add(sum, one.value(architectureOf(supernet, a), fed)),
        tf.mul(0, tf.sum(a)) as Scalar,
      );
    const evaluated = alphaGradient(loss, supernet, theta, alpha, data);
    return {
      loss: tf.add(evaluated.loss, penalty(alpha)),
      alpha: tf.add(evaluated.gradient, tf.grad(penalty)(alpha)),
      theta: weightGradient(loss, supernet, theta, alpha, data).gradient,
    };
  };
  const alphaOf = (seed: number) => normals(supernet.architecture.size, 'alpha', seed).map((x) => 0.5 * x);
  const draw = (alpha: Float32Array, seed: number, epoch = 3): Feeds => {
    const moment = { epoch, epochs: 10, architecture: architectureValues(supernet, alpha) };
    return Object.fromEntries(
      Object.entries(drawn).map(([name, { value }]) => [
        name,
        value({ ...moment, random: random(seed, name) }),
      ]),
    );
  };
  const feeds = (seed: number): Feeds & { readonly alpha: Float32Array } => ({
    theta: supernet.parameters.initialize(random(seed)),
    alpha: alphaOf(seed),
    images: normals(batch * 3 * side * side, 'images', seed),
    labels: Int32Array.from({ length: batch }, (_, i) => (i + seed) % classes),
    ...draw(alphaOf(seed), seed),
  });
  return { supernet, signature, fn, feeds, draw };
}
