/** Which values the options of retraining take: those that a search has, too, are of the same kinds there. */
import { count, fraction, type Kinds, nonNegative } from '../kinds.ts';
import { searchOptionKinds } from '../search/option-kinds.ts';
import type { NetworkSize } from './network.ts';
import type { RetrainOptions } from './options.ts';

const { channels, cells, epochs, batch, seed, precision, optimizer, learningRate, momentum } =
  searchOptionKinds;
const { weightDecay, gradientClip, crop, flip, cutout, maxSteps } = searchOptionKinds;

export const networkSizeKinds: Kinds<NetworkSize> = {
  imageChannels: count,
  channels,
  cells,
  classes: count,
  height: count,
  width: count,
};

export const retrainOptionKinds: Kinds<RetrainOptions> = {
  channels,
  cells,
  epochs,
  batch,
  seed,
  precision,
  optimizer,
  learningRate,
  momentum,
  weightDecay,
  gradientClip,
  dropPath: fraction,
  auxiliaryWeight: nonNegative,
  crop,
  flip,
  cutout,
  maxSteps,
  evaluateEvery: count,
};
