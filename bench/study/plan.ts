/**
 * What the study compares: arms that differ in how a genotype is found and in nothing else. Scaled to what two cores do
 * in two hours; `bench/README.md` says where that departs from the papers.
 */
import { type RetrainRunOptions, shortRetraining } from '../../src/cli/run-options.ts';
import type { SearchOptions } from '../../src/search/options.ts';

export interface Arm {
  readonly name: string;
  readonly seeds: readonly number[];
  readonly options: Partial<SearchOptions>;
}

/** The whole of Fashion-MNIST. */
export const data = 'fashion-mnist';

/**
 * Of all searches, whatever a method's own defaults are. 240 updates instead of the paper's 24,000 or so: α's learning rate
 * is twenty times the paper's.
 */
export const searchOptions: Partial<SearchOptions> = {
  channels: 16,
  cells: 3,
  epochs: 12,
  maxSteps: 20,
  batch: 64,
  crop: 2,
  learningRate: 0.025,
  learningRateMin: 0.001,
  weightDecay: 3e-4,
  alphaLearningRate: 6e-3,
  alphaWarmUp: 0,
};

/**
 * Of all networks; the cells' channels are chosen so that all have about as many parameters (`equal-size.ts`). Of the 625
 * batches that an epoch has, 90: the learning rate so falls in ten steps, over 1.4 passes through the data.
 */
export const retrainOptions: RetrainRunOptions = {
  ...shortRetraining,
  cells: 4,
  epochs: 10,
  maxSteps: 90,
  evaluateEvery: 10,
};

/** Parameters that every network should have, and how far it may be off. */
export const size = { parameters: 115_000, tolerance: 0.1 } as const;

const threeSeeds = [1, 2, 3];

export const arms: readonly Arm[] = [
  { name: 'random', seeds: [1, 2, 3, 4, 5, 6], options: { method: 'random' } },
  { name: 'darts', seeds: threeSeeds, options: { method: 'darts' } },
  {
    name: 'darts-guarded',
    seeds: threeSeeds,
    options: { method: 'darts', alphaWarmUp: 4, betaDecay: 50, maxSkips: 2 },
  },
  { name: 'pc-darts', seeds: threeSeeds, options: { method: 'pc-darts', alphaWarmUp: 4 } },
  { name: 'gdas', seeds: threeSeeds, options: { method: 'gdas' } },
];
