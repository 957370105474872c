/** DARTS (Liu, Simonyan & Yang 2019, arXiv 1806.09055): ō(x) = Σₒ softmax(α)ₒ·o(x) (equation 2). */
import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../../tfjs.ts';
import { type MixingWeights, mixedOperation, operationWeights, sumOf } from '../mixed-operation.ts';
import { alphaShape, type SearchSpace } from '../spaces.ts';
import { softmaxStrengths } from '../strengths.ts';
import { declareAlpha, softmaxProbabilities } from './alpha.ts';
import type { Method } from './method.ts';

/** softmax over the operations of each edge. α is [kinds, edges, operations]. */
export const softmaxWeights = (alpha: Tensor, space: SearchSpace): MixingWeights =>
  operationWeights(tf.softmax(alpha), alphaShape(space));

export const darts: Method = {
  name: 'darts',
  declare: declareAlpha,
  inputs: () => ({}),
  mix: ({ alpha }, _, space) => softmaxWeights(alpha as Tensor, space),
  node: sumOf(mixedOperation),
  penalties: () => [],
  probabilities: softmaxProbabilities,
  strengths: ({ alpha }, space) => softmaxStrengths(alpha as Float32Array, space),
};
