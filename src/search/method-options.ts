/** The options that single methods have, and where a method's authors set others than the paper of DARTS does. */
import { InputError } from '../errors.ts';
import { type LearningMethodName, type MethodName, methodNames } from './method-names.ts';
import { type SearchOptions, searchDefaults } from './options.ts';

export const anchorDistances = ['l2', 'kl'] as const;

/** Each belongs to the methods whose defaults name it; elsewhere it is absent. */
export interface MethodOptions {
  /** k: the operations of an edge see 1/k of the channels. */
  readonly partialChannels?: number;
  /** τ of the Gumbel softmax: from `temperature` to `temperatureMin`, linear over the epochs. */
  readonly temperature?: number;
  readonly temperatureMin?: number;
  /** How the distance of the Dirichlet's concentration from 1 is measured, and its weight. */
  readonly anchorDistance?: (typeof anchorDistances)[number];
  readonly anchorWeight?: number;
  /** Of the zero-one loss. */
  readonly zeroOneWeight?: number;
}

/** What the methods set otherwise than `searchDefaults`: the values of their authors' code. */
export const methodDefaults = {
  darts: {},
  // yuhuixu1993/PC-DARTS, train_search.py.
  'pc-darts': {
    batch: 256,
    learningRate: 0.1,
    learningRateMin: 0,
    alphaLearningRate: 6e-4,
    alphaWarmUp: 15,
    partialChannels: 4,
  },
  // D-X-Y/AutoDL-Projects, configs/search-opts/GDAS-NASNet-CIFAR.config and search-archs/: two cells between reductions.
  gdas: { cells: 6, epochs: 250, batch: 256, weightDecay: 5e-4, temperature: 10, temperatureMin: 0.1 },
  // xiangning-chen/DrNAS, 201-space/train_search.py: α's decay is the distance from the anchor.
  drnas: { epochs: 100, alphaWeightDecay: 0, partialChannels: 1, anchorDistance: 'l2', anchorWeight: 1e-3 },
  // xiaomi-automl/FairDARTS, fairdarts/train_search.py.
  'fair-darts': {
    batch: 128,
    learningRate: 0.005,
    alphaLearningRate: 3e-3,
    alphaBeta1: 0.9,
    zeroOneWeight: 10,
  },
} as const satisfies Record<LearningMethodName, Partial<SearchOptions>>;

/** The options of a search by a method, as its authors set them. */
export const searchDefaultsOf = <Name extends LearningMethodName>(
  method: Name,
): SearchOptions & { readonly method: Name } => ({
  ...searchDefaults,
  method,
  ...methodDefaults[method],
});

/** For how many of `given` epochs α is frozen by default: as large a part as of a method's own number of epochs. */
export const defaultWarmUp = (
  { alphaWarmUp, epochs }: Pick<SearchOptions, 'alphaWarmUp' | 'epochs'>,
  given: number = epochs,
): number => Math.floor((alphaWarmUp * given) / epochs);

const isShared = (name: string): boolean => Object.hasOwn(searchDefaults, name);

/** The names of the options that not every method has, and who has them. */
export const methodOptions: ReadonlyMap<keyof MethodOptions, readonly MethodName[]> = new Map(
  [...new Set(Object.values(methodDefaults).flatMap(Object.keys))]
    .filter((name) => !isShared(name))
    .map((name) => [
      name as keyof MethodOptions,
      methodNames.filter((method) => method !== 'random' && Object.hasOwn(methodDefaults[method], name)),
    ]),
);

/** @throws InputError where an option is given that the method does not have, or its value does not fit the others */
export function requireMethodOptions(
  options: SearchOptions,
  label: (name: string) => string = (name) => name,
): void {
  for (const [name, owners] of methodOptions) {
    if (options[name] === undefined || owners.includes(options.method)) continue;
    throw new InputError(
      `${label(name)} belongs to the ${owners.length > 1 ? 'methods' : 'method'} ${owners.join(' and ')}; ` +
        `this search is by ${options.method}`,
    );
  }
  const { channels, partialChannels = 1 } = options;
  if (channels % partialChannels !== 0) {
    throw new InputError(
      `${label('partialChannels')} must divide the channels, of which there are ${channels}; got ${partialChannels}`,
    );
  }
}
