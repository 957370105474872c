/** Channels at which the network of a genotype has about as many parameters as all others. */
import { FailureError } from '../../src/errors.ts';
import { type NetworkCost, networkCost } from '../../src/export/cost.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';

export interface Sized extends NetworkCost {
  readonly channels: number;
}

/** Up to 16 they fill one block, with padding (`nn/padding.ts`), and take equally long; only skips need more. */
const candidates = Array.from({ length: 25 }, (_, i) => i + 8);

/**
 * @param cells of the network; images are 28×28×1 in ten classes
 * @throws FailureError where no number of channels comes near enough
 */
export function equalSize(
  genotype: string,
  cells: number,
  { parameters: target, tolerance }: { parameters: number; tolerance: number },
): Sized {
  const parsed = loadGenotype(genotype);
  const at = (channels: number): Sized => {
    const image = { imageChannels: 1, height: 28, width: 28, classes: 10 };
    return { channels, ...networkCost(parsed, { channels, cells, ...image }) };
  };
  const distance = ({ parameters }: Sized): number => Math.abs(parameters / target - 1);
  const [best] = candidates.map(at).sort((a, b) => distance(a) - distance(b));
  if (best && distance(best) <= tolerance) return best;
  throw new FailureError(
    `${genotype} has no size near ${target} parameters; the nearest is ${best?.parameters}`,
  );
}
