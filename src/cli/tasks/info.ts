/** The size of the network of a genotype. */
import { type NetworkCost, networkCost } from '../../export/cost.ts';
import type { NetworkOptions } from '../../retrain/network.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { loadGenotype } from '../../search/genotype-file.ts';

export type InfoOptions = Omit<NetworkOptions, 'auxiliary'>;

export function describeGenotype(
  source: string,
  options: InfoOptions,
): NetworkCost & InfoOptions & { readonly genotype: string } {
  const genotype = loadGenotype(source);
  return { ...networkCost(genotype, options), ...options, genotype: formatGenotype(genotype) };
}
