/** Which values the options of a search take. */

import {
  amount,
  count,
  countTo,
  factor,
  flag,
  fraction,
  type Kind,
  type Kinds,
  nonNegative,
  oneOf,
  part,
  positive,
  seed,
} from '../kinds.ts';
import { optimizerNames } from '../nn/optimizer-names.ts';
import { precisions } from '../precision.ts';
import { limits } from './limits.ts';
import { methodNames } from './method-names.ts';
import { anchorDistances } from './method-options.ts';
import { type SearchOptions, selections } from './options.ts';
import { isSpaceFile, isSpaceName, spaceNames } from './spaces.ts';

/** A search space by its name, or a file that describes one. */
const space: Kind<string> = {
  expected: `one of ${spaceNames.join(', ')}, or a file FILE.json`,
  read: (word) => word,
  accepts: (value): value is string =>
    typeof value === 'string' && (isSpaceName(value) || isSpaceFile(value)),
};

export const searchOptionKinds: Kinds<SearchOptions> = {
  method: oneOf(methodNames),
  space,
  order: oneOf([1, 2]),
  channels: countTo(limits.channels),
  cells: countTo(limits.cells),
  epochs: count,
  batch: countTo(65_536),
  seed,
  precision: oneOf(precisions),
  optimizer: oneOf(optimizerNames),
  alphaOptimizer: oneOf(optimizerNames),
  learningRate: positive,
  learningRateMin: nonNegative,
  momentum: fraction,
  weightDecay: nonNegative,
  gradientClip: positive,
  alphaLearningRate: positive,
  alphaBeta1: fraction,
  alphaBeta2: fraction,
  alphaWeightDecay: nonNegative,
  betaDecay: nonNegative,
  alphaWarmUp: amount,
  maxSkips: amount,
  eigenvalueStop: flag,
  eigenvalueWindow: count,
  eigenvalueRatio: factor,
  eigenvalueStart: amount,
  select: oneOf(selections),
  projectionTune: amount,
  projectionBatches: amount,
  trainPortion: part,
  crop: amount,
  flip: flag,
  cutout: amount,
  maxSteps: amount,
  partialChannels: count,
  temperature: positive,
  temperatureMin: positive,
  anchorDistance: oneOf(anchorDistances),
  anchorWeight: nonNegative,
  zeroOneWeight: nonNegative,
};
