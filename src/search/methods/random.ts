/**
 * Random search's proposal: a genotype drawn uniformly from a space (the baseline of Li & Talwalkar 2019, arXiv 1902.07638,
 * and of DARTS). No supernet is trained; all its cost is retraining.
 *
 * On every edge one of the operations that a genotype may have there is drawn, all alike, and a strength of the edge from
 * U(0, 1); then the space reads the genotype off as ever. So every set of edges that a node may keep is as likely as any
 * other, and so is every operation on each of them.
 */
import { random } from '../../random.ts';
import { choicesOf, deriveGenotype } from '../derive.ts';
import type { Genotype } from '../genotype.ts';
import { alphaShape, candidatesOf, type SearchSpace } from '../spaces.ts';
import type { Strengths } from '../strengths.ts';

/** One operation an edge of a random strength, the others of none. */
function randomStrengths(space: SearchSpace, seed: number): Strengths {
  const [kinds, edges] = alphaShape(space);
  const numbers = random(seed, 'genotype');
  return Array.from({ length: kinds }, (_, kind) =>
    Array.from({ length: edges }, (__, edge) => {
      const operations = candidatesOf(space, kind, edge);
      const choices = choicesOf(space, kind, edge);
      const drawn = choices[numbers.integer(Math.max(choices.length, 1))]?.column;
      const strength = numbers.uniform();
      return operations.map((___, column) => (column === drawn ? strength : 0));
    }),
  );
}

/** The genotype of a seed. */
export const randomGenotype = (space: SearchSpace, seed: number): Genotype =>
  deriveGenotype(randomStrengths(space, seed), space);
