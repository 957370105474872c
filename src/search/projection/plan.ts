/**
 * The projection of DARTS-PT (Wang et al. 2021, arXiv 2108.04392; ruochenwang/dartspt): how strong a candidate is, is
 * measured by what its removal costs. First each edge keeps one operation, then each node some of its edges. Pure.
 *
 * The supernet is given by its mixing weights [kinds, edges, operations], flat. What is not decided yet keeps the
 * strengths that the search has found; what is decided is 1 or 0. Nothing is normalised again where one is removed.
 */
import type { Random } from '../../random.ts';
import { choicesOf } from '../derive.ts';
import { skeletonForm } from '../skeleton-names.ts';
import { alphaShape, alphaSize, edgesByNode, type SearchSpace } from '../spaces.ts';
import type { Strengths } from '../strengths.ts';

/** A decision to take: which operation of an edge stays, or which edges into a node. */
export interface Choice {
  readonly of: 'operations' | 'edges';
  readonly kind: number;
  /** The edge whose operations, or the node whose edges, the candidates are. */
  readonly index: number;
  /** Columns of the edge, or edges. */
  readonly candidates: readonly number[];
  /** How many of them stay. */
  readonly keep: number;
}

/** Choices that are made one after another, before the weights are tuned to them: one for each kind of cell. */
export type Round = readonly Choice[];

/** The columns of an edge that may stay: `none` where a genotype can have it. */
const columnsOf = (space: SearchSpace, kind: number, edge: number): number[] =>
  choicesOf(space, kind, edge).map(({ column }) => column);

/** All choices of a space in the order in which they are made: edges at random, then nodes at random. */
export function projectionPlan(space: SearchSpace, randomOf: (kind: string) => Random): Round[] {
  const kinds = skeletonForm(space.skeleton).kinds.map((name, kind) => {
    const random = randomOf(name);
    const nodes = edgesByNode(space);
    const operations = nodes.flat().map((edge): Choice => {
      return { of: 'operations', kind, index: edge, candidates: columnsOf(space, kind, edge), keep: 1 };
    });
    const incoming = nodes.map((candidates, index): Choice => {
      return { of: 'edges', kind, index, candidates, keep: space.keptEdges };
    });
    return [operations, incoming].map((choices) => {
      const open = choices.filter(({ candidates, keep }) => candidates.length > keep);
      return Array.from(random.permutation(open.length), (i) => open[i] as Choice);
    });
  });
  // Kinds of cells take turns: a round has one choice of each, as long as it has any.
  const roundsOf = (part: number): Round[] => {
    const length = Math.max(...kinds.map((choices) => choices[part]?.length ?? 0));
    return Array.from({ length }, (_, i) => kinds.flatMap((choices) => choices[part]?.[i] ?? []));
  };
  return [...roundsOf(0), ...roundsOf(1)];
}

/** The place of an edge's first column in the mixing weights. */
function rowAt(space: SearchSpace, kind: number, edge: number): number {
  const [, edges, operations] = alphaShape(space);
  return (kind * edges + edge) * operations;
}

/** The weights to begin with: the strengths; 1 where an edge has no choice. */
export function initialWeights(strengths: Strengths, space: SearchSpace): Float32Array {
  const weights = new Float32Array(alphaSize(space));
  strengths.forEach((edges, kind) => {
    edges.forEach((row, edge) => {
      const columns = columnsOf(space, kind, edge);
      const begin = rowAt(space, kind, edge);
      weights.set(columns.length === 1 ? row.map((_, i) => Number(i === columns[0])) : row, begin);
    });
  });
  return weights;
}

/** The weights without one candidate of a choice. */
export function withoutCandidate(
  weights: Float32Array,
  { of, kind, index, candidates }: Choice,
  candidate: number,
  space: SearchSpace,
): Float32Array {
  const [, , operations] = alphaShape(space);
  const removed = candidates[candidate] as number;
  const result = weights.slice();
  if (of === 'operations') {
    result[rowAt(space, kind, index) + removed] = 0;
  } else {
    const begin = rowAt(space, kind, removed);
    result.fill(0, begin, begin + operations);
  }
  return result;
}

/** What the supernet scores without a candidate. */
export interface Score {
  readonly correct: number;
  /** Decides between equally many correct ones. */
  readonly loss: number;
}

/** The candidates that stay, in their order: those whose removal costs most; of equals the first. */
export function kept({ candidates, keep }: Choice, scores: readonly Score[]): number[] {
  const order = candidates.map((_, i) => i);
  const score = (i: number): Score => scores[i] as Score;
  order.sort((a, b) => score(a).correct - score(b).correct || score(b).loss - score(a).loss);
  const stay = new Set(order.slice(0, keep));
  return candidates.filter((_, i) => stay.has(i));
}

/** The weights once a choice is made. */
export function decided(
  weights: Float32Array,
  { of, kind, index, candidates }: Choice,
  stay: readonly number[],
  space: SearchSpace,
): Float32Array {
  const [, , operations] = alphaShape(space);
  const result = weights.slice();
  if (of === 'operations') {
    const begin = rowAt(space, kind, index);
    result.fill(0, begin, begin + operations);
    for (const column of stay) result[begin + column] = 1;
  } else {
    for (const edge of candidates) {
      const begin = rowAt(space, kind, edge);
      if (!stay.includes(edge)) result.fill(0, begin, begin + operations);
    }
  }
  return result;
}
