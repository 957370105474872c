/** The search methods by name. */
import type { LearningMethodName } from '../method-names.ts';
import { methodDefaults } from '../method-options.ts';
import type { SearchOptions } from '../options.ts';
import { darts } from './darts.ts';
import { drnas } from './drnas.ts';
import { fairDarts } from './fair-darts.ts';
import { gdas } from './gdas.ts';
import type { Method } from './method.ts';
import { pcDarts } from './pc-darts.ts';

/** What each method takes of the options. */
type Makers = {
  readonly [Name in LearningMethodName]: (
    options: SearchOptions & Required<Pick<SearchOptions, OwnOption<Name>>>,
  ) => Method;
};

type OwnOption<Name extends LearningMethodName> = keyof (typeof methodDefaults)[Name] & keyof SearchOptions;

const methods: Makers = {
  darts: () => darts,
  'pc-darts': ({ partialChannels }) => pcDarts(partialChannels),
  gdas,
  drnas,
  'fair-darts': ({ zeroOneWeight }) => fairDarts(zeroOneWeight),
};

/** A method by its name, with its own options where they are given, its defaults where not. */
export function searchMethod(options: SearchOptions & { readonly method: LearningMethodName }): Method {
  const make = methods[options.method] as (options: SearchOptions) => Method;
  return make({ ...methodDefaults[options.method], ...options });
}
