/**
 * Stops when skip connections take over: the normal cell holds more than a few. P-DARTS (Chen et al. 2019, arXiv
 * 1904.12760) keeps 2; DARTS+ (Liang et al. 2019, arXiv 1909.06035) stops so.
 */
import { cellsOf, type Genotype } from '../genotype.ts';
import type { Guard } from './guard.ts';

/** Operations that pass a state on as it is. */
const skips: readonly string[] = ['skip_connect', 'identity'];

/** Skip connections in the normal cell; in the only one of a chain. */
export const countSkips = (genotype: Genotype): number => {
  const [[, cell] = []] = cellsOf(genotype);
  return cell?.nodes.flat().filter(({ operation }) => skips.includes(operation)).length ?? 0;
};

/** Takes the last epoch that did not hold more than `most`; before there was one, the search goes on. */
export const skipGuard =
  (most: number): Guard =>
  (epochs) => {
    const last = epochs.at(-1);
    if (!last || last.skips <= most) return undefined;
    const good = epochs.findLast(({ skips: count }) => count <= most);
    if (!good) return undefined;
    return {
      reason: `the normal cell has ${last.skips} skip connections, more than ${most}`,
      take: good.epoch,
    };
  };
