/** The size of the network of a genotype. */
import { type NetworkCost, networkCost } from '../../export/cost.ts';
import type { NetworkSize } from '../../retrain/network.ts';
import { retrainDefaultsOf } from '../../retrain/options.ts';
import { formatGenotype, skeletonOfGenotype } from '../../search/genotype.ts';
import { loadGenotype } from '../../search/genotype-file.ts';

export function describeGenotype(
  source: string,
  defaults: NetworkSize,
  given: Partial<NetworkSize>,
): NetworkCost & NetworkSize & { readonly genotype: string } {
  const genotype = loadGenotype(source);
  const { channels, cells } = { ...defaults, ...retrainDefaultsOf(skeletonOfGenotype(genotype)) };
  const options = { ...defaults, channels, cells, ...given };
  return { ...networkCost(genotype, options), ...options, genotype: formatGenotype(genotype) };
}
