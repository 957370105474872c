/** What a search space is: which operations compete on which edge, and what a genotype may keep of them. */
import type { OperationName } from '../operation-names.ts';
import { edgePlaces, type SkeletonName, skeletonForm } from '../skeleton-names.ts';

/** By kind of cell and edge, in the order of α's columns; equally many on every edge, as α is one tensor. */
export type Candidates = readonly (readonly (readonly OperationName[])[])[];

export interface SearchSpace {
  readonly name: string;
  /** What the cells are put into. */
  readonly skeleton: SkeletonName;
  /** Nodes of a cell besides its inputs; each has an edge from each input and each earlier node. */
  readonly nodes: number;
  readonly candidates: Candidates;
  /** Incoming edges of a node that the genotype keeps; Infinity keeps all. */
  readonly keptEdges: number;
  /** Whether the genotype may have `none` on an edge where it is strongest. */
  readonly choosesNone?: boolean;
  /** Where networks reduce, as in `isReduction`; by default at a third and two thirds. */
  readonly reductions?: readonly number[];
  /** Channels and cells of search and retraining, unless told otherwise. */
  readonly defaults?: { readonly channels?: number; readonly cells?: number };
  /** Each component of α's gradient is clamped to ±limit. */
  readonly alphaGradientLimit?: number;
}

/** Incoming edges of all nodes of a cell together; 14 for DARTS's four nodes. */
export const edgeCount = ({ skeleton, nodes }: Pick<SearchSpace, 'skeleton' | 'nodes'>): number =>
  edgePlaces(skeleton, nodes).flat().length;

/** The edges into each node, by their indices. */
export const edgesByNode = ({ skeleton, nodes }: Pick<SearchSpace, 'skeleton' | 'nodes'>): number[][] =>
  edgePlaces(skeleton, nodes).map((places) => places.map(({ edge }) => edge));

/** The same candidates on every edge of every cell. */
export const everywhere = (
  operations: readonly OperationName[],
  form: Pick<SearchSpace, 'skeleton' | 'nodes'>,
): Candidates =>
  skeletonForm(form.skeleton).kinds.map(() => Array<typeof operations>(edgeCount(form)).fill(operations));

/** The candidates of an edge, in the order of α's columns. */
export const candidatesOf = (
  { candidates }: SearchSpace,
  kind: number,
  edge: number,
): readonly OperationName[] => candidates[kind]?.[edge] ?? [];

/** α's shape: kinds of cell, edges, operations. */
export const alphaShape = (space: SearchSpace): [kinds: number, edges: number, operations: number] => [
  space.candidates.length,
  edgeCount(space),
  candidatesOf(space, 0, 0).length,
];

/** The number of α's elements. */
export const alphaSize = (space: SearchSpace): number => alphaShape(space).reduce((a, b) => a * b);
