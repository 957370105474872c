/**
 * The strongest genotype within a budget: a knapsack in which each node takes its number of edges, and each edge one of its
 * operations. Without a limit it is the genotype of `deriveGenotype`.
 *
 * Solved exactly by frontiers: of the partial solutions, those stay that no other one beats in cost and strength. Where costs
 * are so diverse that a frontier grows too long (latencies), it is thinned, the cheapest solution kept.
 */
import { InputError } from '../errors.ts';
import type { CostTable } from './budget.ts';
import { formatCost, type Limit } from './budget-text.ts';
import { choicesOf, genotypeOfEdges, type WeighedEdge } from './derive.ts';
import type { Genotype } from './genotype.ts';
import { edgePlaces } from './skeleton-names.ts';
import type { SearchSpace } from './spaces.ts';
import { requireStrengths, type Strengths } from './strengths.ts';

/** A longer frontier is thinned. */
const mostSolutions = 4096;
/** More pairs are not compared with one another, but within pieces of the range of their costs. */
const mostPairs = 2 ** 17;

interface PlacedEdge extends WeighedEdge {
  readonly kind: number;
  readonly node: number;
}

/** A partial solution: an edge more than another one, or two that are joined. */
interface Solution {
  readonly cost: number;
  readonly strength: number;
  readonly edge?: PlacedEdge;
  readonly parts: readonly Solution[];
}

const nothing: Solution = { cost: 0, strength: 0, parts: [] };

const edgesOf = ({ edge, parts }: Solution): PlacedEdge[] => [
  ...parts.flatMap(edgesOf),
  ...(edge ? [edge] : []),
];

/** Those that no other one beats, by ascending cost and strength; of equals the first. */
function frontier(solutions: readonly Solution[]): Solution[] {
  const kept: Solution[] = [];
  for (const solution of [...solutions].sort((a, b) => a.cost - b.cost || b.strength - a.strength)) {
    if (solution.strength > (kept.at(-1)?.strength ?? Number.NEGATIVE_INFINITY)) kept.push(solution);
  }
  return kept;
}

/** Numbers the pieces of equal length of a range of costs, in which at most `mostSolutions` − 1 fit. */
const pieces =
  (from: number, to: number) =>
  (cost: number): number =>
    to > from ? Math.floor(((mostSolutions - 2) * (cost - from)) / (to - from)) : 0;

/** At most `mostSolutions`: the cheapest, and the strongest of each piece. */
function thinned(solutions: Solution[]): Solution[] {
  const [first, last] = [solutions[0], solutions.at(-1)];
  if (!first || !last || solutions.length <= mostSolutions) return solutions;
  const piece = pieces(first.cost, last.cost);
  return solutions.filter(({ cost }, i) => {
    const next = solutions[i + 1];
    return i === 0 || !next || piece(next.cost) !== piece(cost);
  });
}

/** The frontier of all pairs within `most`. */
function joined(as: readonly Solution[], bs: readonly Solution[], most: number): Solution[] {
  const pair = (a: Solution, b: Solution): Solution => ({
    cost: a.cost + b.cost,
    strength: a.strength + b.strength,
    parts: [a, b],
  });
  const pairs =
    as.length * bs.length <= mostPairs
      ? as.flatMap((a) => bs.filter((b) => a.cost + b.cost <= most).map((b) => pair(a, b)))
      : strongestPairs(as, bs, most).map(([a, b]) => pair(a, b));
  return thinned(frontier(pairs));
}

/** Of the pairs within `most`, the cheapest, and the strongest of each piece of their range of costs. */
function strongestPairs(
  as: readonly Solution[],
  bs: readonly Solution[],
  most: number,
): (readonly [Solution, Solution])[] {
  const ends = (at: number): number => (as.at(at)?.cost ?? 0) + (bs.at(at)?.cost ?? 0);
  if (ends(0) > most) return [];
  const piece = pieces(ends(0), Math.min(ends(-1), most));
  const best: (readonly [Solution, Solution])[] = [];
  const strengths = new Float64Array(mostSolutions).fill(Number.NEGATIVE_INFINITY);
  for (const a of as) {
    for (const b of bs) {
      const cost = a.cost + b.cost;
      // Frontiers ascend in cost.
      if (cost > most) break;
      const at = piece(cost);
      if (a.strength + b.strength <= (strengths[at] as number)) continue;
      strengths[at] = a.strength + b.strength;
      best[at] = [a, b];
    }
  }
  return [[as[0] as Solution, bs[0] as Solution] as const, ...best.filter(Boolean)];
}

/** The solutions of a node: exactly so many of its edges, each with one of its operations. */
function nodeSolutions(edges: readonly (readonly PlacedEdge[])[], costs: CostOf, kept: number): Solution[] {
  // By how many edges are taken so far.
  let byCount: Solution[][] = [[nothing]];
  for (const choices of edges) {
    const taken = byCount.map((solutions) =>
      solutions.flatMap((solution) =>
        choices.map(
          (edge): Solution => ({
            cost: solution.cost + costs(edge),
            strength: solution.strength + edge.strength,
            edge,
            parts: [solution],
          }),
        ),
      ),
    );
    byCount = Array.from({ length: Math.min(byCount.length, kept) + 1 }, (_, count) =>
      thinned(frontier([...(byCount[count] ?? []), ...(taken[count - 1] ?? [])])),
    );
  }
  return byCount[Math.min(kept, edges.length)] ?? [];
}

type CostOf = (edge: PlacedEdge) => number;

/** Solutions of the whole, all within `most`. */
function solve(
  strengths: Strengths,
  space: SearchSpace,
  { rest, edges }: CostTable,
  most: number,
): Solution[] {
  const costs: CostOf = ({ kind, edge, column }) => edges[kind]?.[edge]?.[column] ?? 0;
  const nodes = space.candidates.flatMap((_, kind) =>
    edgePlaces(space.skeleton, space.nodes).map((places, node) =>
      nodeSolutions(
        places.map(({ input, edge }) => {
          const row = strengths[kind]?.[edge] ?? [];
          const choices = choicesOf(space, kind, edge).map(({ operation, column }) => ({
            ...{ kind, node, input, edge, operation, column },
            strength: row[column] as number,
          }));
          const empty = { kind, node, input, edge, operation: 'none', column: -1, strength: 0 } as const;
          return choices.length > 0 ? choices : [empty];
        }),
        costs,
        space.keptEdges,
      ),
    ),
  );
  // What is still to come costs at least this.
  const least = nodes.map((solutions) => solutions[0]?.cost ?? 0);
  let whole: Solution[] = [{ ...nothing, cost: rest }];
  let open = least.reduce((sum, cost) => sum + cost, 0);
  nodes.forEach((solutions, i) => {
    open -= least[i] ?? 0;
    whole = joined(whole, solutions, most - open);
  });
  return whole;
}

/** The costs of the cheapest network of a space and of the costliest. */
export function costRange(space: SearchSpace, { rest, edges }: CostTable): { least: number; most: number } {
  const places = edgePlaces(space.skeleton, space.nodes);
  const total = (sign: 1 | -1): number =>
    space.candidates.reduce((sum, _, kind) => {
      const nodes = places.map((incoming) => {
        const costs = incoming.map(({ edge }) => {
          const choices = choicesOf(space, kind, edge);
          const all = choices.map(({ column }) => sign * (edges[kind]?.[edge]?.[column] ?? 0));
          return all.length > 0 ? Math.min(...all) : 0;
        });
        return costs
          .sort((a, b) => a - b)
          .slice(0, space.keptEdges)
          .reduce((a, b) => a + b, 0);
      });
      return sum + nodes.reduce((a, b) => a + b, 0);
    }, sign * rest);
  return { least: total(1), most: -total(-1) };
}

/** @throws InputError where no network of the space is within the budget, saying what the cheapest one costs */
export function requireFeasible(space: SearchSpace, table: CostTable, { cost, limit }: Limit): void {
  const { least } = costRange(space, table);
  if (least <= limit) return;
  const part = `${formatCost(cost, table.rest)} of it outside the searched edges`;
  throw new InputError(
    `no network of the space ${space.name} has ${cost} of at most ${formatCost(cost, limit)}: ` +
      `the smallest possible has ${formatCost(cost, least)}, ${part}; allow more, or take fewer channels or cells`,
  );
}

/**
 * The genotype of the greatest sum of strengths whose network costs at most `limit`.
 *
 * @throws InputError where the strengths are not those of the space, or no network of it costs as little
 */
export function deriveWithin(
  strengths: Strengths,
  space: SearchSpace,
  { table, cost, limit }: Limit & { readonly table: CostTable },
): Genotype {
  requireStrengths(strengths, space);
  const best = solve(strengths, space, table, limit).at(-1);
  if (!best) {
    requireFeasible(space, table, { cost, limit });
    throw new Error('a feasible budget has no solution');
  }
  const edges = edgesOf(best);
  return genotypeOfEdges(space, (kind, node) =>
    edges.filter((edge) => edge.kind === kind && edge.node === node),
  );
}
