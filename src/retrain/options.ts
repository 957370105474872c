/** The options of retraining, with the values of the paper and quark0/darts (`cnn/train.py`) as defaults. */
import type { OptimizerName } from '../nn/optimizer-names.ts';
import type { Precision } from '../precision.ts';
import type { SkeletonName } from '../search/skeleton-names.ts';

export interface RetrainOptions {
  readonly channels: number;
  readonly cells: number;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Of the network's activations and gradients; weights, statistics and optimizer are float32. */
  readonly precision: Precision;
  readonly optimizer: OptimizerName;
  /** Cosine from `learningRate` to 0 over the epochs. */
  readonly learningRate: number;
  /** SGD's. */
  readonly momentum: number;
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** The probability of dropping a path in the last epoch; it grows from 0. */
  readonly dropPath: number;
  /** The weight of the auxiliary head's loss; 0: no head. */
  readonly auxiliaryWeight: number;
  readonly crop: number;
  readonly flip: boolean;
  readonly cutout: number;
  /** Ends each epoch after this many steps, for trials; 0: never. */
  readonly maxSteps: number;
  /** Measures the test accuracy after every this many epochs, and after the last. */
  readonly evaluateEvery: number;
}

export const retrainDefaults: RetrainOptions = {
  channels: 36,
  cells: 20,
  epochs: 600,
  batch: 96,
  seed: 0,
  precision: 'float32',
  optimizer: 'sgd',
  learningRate: 0.025,
  momentum: 0.9,
  weightDecay: 3e-4,
  gradientClip: 5,
  dropPath: 0.2,
  auxiliaryWeight: 0.4,
  crop: 4,
  flip: true,
  cutout: 16,
  maxSteps: 0,
  evaluateEvery: 1,
};

/** What the skeletons set otherwise. The benchmark's networks have neither auxiliary head nor drop-path. */
const bySkeleton: Readonly<Record<SkeletonName, Partial<RetrainOptions>>> = {
  darts: {},
  'nas-bench-201': { channels: 16, cells: 17, dropPath: 0, auxiliaryWeight: 0, cutout: 0 },
};

/** Where the network of a skeleton is trained otherwise than by `retrainDefaults`, unless told otherwise. */
export const retrainDefaultsOf = (skeleton: SkeletonName): Partial<RetrainOptions> => bySkeleton[skeleton];
