/** The penalties on α that a search's options ask for, besides those of its method. */
import type { Penalty } from '../methods/method.ts';
import type { SearchOptions } from '../options.ts';
import { betaDecay } from './beta-decay.ts';

export const penaltiesOf = (options: Pick<SearchOptions, 'betaDecay'>): readonly Penalty[] =>
  options.betaDecay > 0 ? [betaDecay(options.betaDecay)] : [];
