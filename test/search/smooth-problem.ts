/**
 * A bilevel problem whose derivatives are known: L(w, α; B) = Σᵢⱼ Bᵢⱼ·sin(wᵢ)·αⱼ², B being the batch's images. Everything
 * is written twice, as a loss in tfjs and, in double precision, as formulas.
 */
import type { Scalar } from '@tensorflow/tfjs';
import { ParameterTable, zeros } from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import type { Batch, Loss } from '../../src/search/architect.ts';
import { darts } from '../../src/search/methods/darts.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import type { Supernet } from '../../src/search/supernet.ts';
import { tf } from '../../src/tfjs.ts';

type Vector = readonly number[];
type Matrix = readonly Vector[];

const parameters = new ParameterTable();
parameters.declare('u', [2, 2], zeros);
parameters.declare('v', [3], zeros);

/** Only its table of parameters is used: w has two pieces, that the order of the pieces may matter. */
export const supernet: Supernet = {
  space: searchSpace('darts'),
  method: darts,
  parameters,
  architecture: new ParameterTable(),
  unsearched: [],
  noiseSites: 0,
  logits: () => {
    throw new Error('the problem has no images');
  },
};

const alphaShape = [2, 1, 2];
const [weights, strengths] = [7, 4];

export const loss: Loss = (w, alpha, { images }) => {
  const sines = tf.sin(tf.concat(w.map((piece) => piece.flatten())));
  const squares = tf.square(alpha).flatten();
  const products = tf.mul(sines.expandDims(1), squares.expandDims(0));
  const value = tf.sum(tf.mul(images.reshape([weights, strengths]), products)) as Scalar;
  return { loss: value, correct: tf.scalar(0) };
};

export interface Numbers {
  readonly w: Vector;
  readonly alpha: Vector;
  readonly buffer: Vector;
  readonly train: Matrix;
  readonly validation: Matrix;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Numbers of a problem, the same for the same seed. */
export function problem(seed: number): Numbers {
  const numbers = random(seed);
  const vector = (length: number): Vector => Array.from({ length }, () => numbers.normal());
  const matrix = (): Matrix => Array.from({ length: weights }, () => vector(strengths));
  return {
    w: vector(weights),
    alpha: vector(strengths),
    buffer: vector(weights),
    train: matrix(),
    validation: matrix(),
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 0.03,
  };
}

const batchOf = (matrix: Matrix): Batch => ({
  images: tf.tensor4d(matrix.flat(), [1, 1, weights, strengths]),
  labels: tf.tensor1d([0], 'int32'),
});

/** The problem as tensors. */
export const tensors = ({ w, alpha, buffer, train, validation, learningRate, ...rest }: Numbers) => ({
  w: tf.tensor1d([...w]),
  alpha: tf.tensor([...alpha], alphaShape),
  train: batchOf(train),
  validation: batchOf(validation),
  options: { learningRate: tf.scalar(learningRate), buffer: tf.tensor1d([...buffer]), ...rest },
});

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const at = (vector: Vector, i: number): number => vector[i] as number;
const entry = (matrix: Matrix, i: number, j: number): number => at(matrix[i] as Vector, j);
const sum = (terms: Vector): number => terms.reduce((total, x) => total + x, 0);

/** ∂L/∂wᵢ = cos(wᵢ)·Σⱼ Bᵢⱼ·αⱼ². */
export const gradientOfWeights = (b: Matrix, w: Vector, alpha: Vector): Vector =>
  w.map((x, i) => Math.cos(x) * sum(alpha.map((a, j) => entry(b, i, j) * a * a)));

/** ∂L/∂αⱼ = 2αⱼ·Σᵢ Bᵢⱼ·sin(wᵢ). */
export const gradientOfAlpha = (b: Matrix, w: Vector, alpha: Vector): Vector =>
  alpha.map((a, j) => 2 * a * sum(w.map((x, i) => entry(b, i, j) * Math.sin(x))));

/** Σᵢ ∂²L/∂αⱼ∂wᵢ·vᵢ = 2αⱼ·Σᵢ Bᵢⱼ·cos(wᵢ)·vᵢ. */
export const mixedProduct = (b: Matrix, w: Vector, alpha: Vector, v: Vector): Vector =>
  alpha.map((a, j) => 2 * a * sum(range(weights).map((i) => entry(b, i, j) * Math.cos(at(w, i)) * at(v, i))));

/** w' = w − η(μm + ∇ + λw). */
export function unrolled({ w, alpha, buffer, train, learningRate, momentum, weightDecay }: Numbers): Vector {
  const gradient = gradientOfWeights(train, w, alpha);
  return w.map((x, i) => x - learningRate * (momentum * at(buffer, i) + at(gradient, i) + weightDecay * x));
}

/** d/dα L_val(w'(α), α) by the chain rule. */
export function totalGradient(numbers: Numbers): Vector {
  const { w, alpha, train, validation, learningRate } = numbers;
  const moved = unrolled(numbers);
  const direct = gradientOfAlpha(validation, moved, alpha);
  const implicit = mixedProduct(train, w, alpha, gradientOfWeights(validation, moved, alpha));
  return direct.map((x, j) => x - learningRate * at(implicit, j));
}
