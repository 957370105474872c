/** The options of a search, with the values of the paper (arXiv 1806.09055) and quark0/darts as defaults. */
import type { OptimizerName } from '../nn/optimizer-names.ts';
import type { Precision } from '../precision.ts';
import type { MethodName } from './method-names.ts';
import type { MethodOptions } from './method-options.ts';

export const selections = ['strength', 'projection'] as const;

export type Selection = (typeof selections)[number];

export interface SearchOptions extends MethodOptions {
  readonly method: MethodName;
  readonly space: string;
  readonly order: 1 | 2;
  readonly channels: number;
  readonly cells: number;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Of the network's activations and gradients; weights and optimizers are float32. */
  readonly precision: Precision;
  /** What updates the weights, and what α; the second order needs SGD for the weights, whose step it unrolls. */
  readonly optimizer: OptimizerName;
  readonly alphaOptimizer: OptimizerName;
  /** Of the weights: cosine from `learningRate` to `learningRateMin` over the epochs. */
  readonly learningRate: number;
  readonly learningRateMin: number;
  /** SGD's, of the weights. */
  readonly momentum: number;
  readonly weightDecay: number;
  /** The largest norm of the weights' gradient. */
  readonly gradientClip: number;
  /** Of α: Adam's and AdamW's. */
  readonly alphaLearningRate: number;
  readonly alphaBeta1: number;
  readonly alphaBeta2: number;
  readonly alphaWeightDecay: number;
  /** The weight of β-decay's penalty on α, which grows to it over the epochs; 0: none. */
  readonly betaDecay: number;
  /** α is frozen in the first so many epochs. */
  readonly alphaWarmUp: number;
  /** Ends the search when the normal cell holds more skip connections than this; 0: never. */
  readonly maxSkips: number;
  /** Ends the search when the dominant eigenvalue of ∇²_α L_val grows by a factor within a window of epochs. */
  readonly eigenvalueStop: boolean;
  readonly eigenvalueWindow: number;
  readonly eigenvalueRatio: number;
  /** The first epoch, from 0, that this may return to. */
  readonly eigenvalueStart: number;
  /** How the genotype is read off: by the strengths of the candidates, or by what their removal costs. */
  readonly select: Selection;
  /** Of the projection: epochs of tuning between two removals, and batches for each candidate; 0: all of α's half. */
  readonly projectionTune: number;
  readonly projectionBatches: number;
  /** The part of the training set for the weights; the rest is for α. */
  readonly trainPortion: number;
  /** Random crop after padding by this many pixels; 0: none. */
  readonly crop: number;
  readonly flip: boolean;
  /** Side of the square that cutout blanks; 0: none. */
  readonly cutout: number;
  /** Ends each epoch after this many steps, for trials; 0: never. */
  readonly maxSteps: number;
}

export const searchDefaults: SearchOptions = {
  method: 'darts',
  space: 'darts',
  order: 1,
  channels: 16,
  cells: 8,
  epochs: 50,
  batch: 64,
  seed: 2,
  precision: 'float32',
  optimizer: 'sgd',
  alphaOptimizer: 'adam',
  learningRate: 0.025,
  learningRateMin: 0.001,
  momentum: 0.9,
  weightDecay: 3e-4,
  gradientClip: 5,
  alphaLearningRate: 3e-4,
  alphaBeta1: 0.5,
  alphaBeta2: 0.999,
  alphaWeightDecay: 1e-3,
  betaDecay: 0,
  alphaWarmUp: 0,
  maxSkips: 0,
  eigenvalueStop: false,
  eigenvalueWindow: 5,
  eigenvalueRatio: 1.3,
  eigenvalueStart: 10,
  select: 'strength',
  projectionTune: 5,
  projectionBatches: 20,
  trainPortion: 0.5,
  crop: 4,
  flip: true,
  cutout: 0,
  maxSteps: 0,
};
