/** Search spaces: which operations compete on an edge, and how a genotype is read off their strengths. */
import { InputError } from '../errors.ts';
import type { OperationName } from './operation-names.ts';

export interface SearchSpace {
  readonly name: string;
  /** The candidates of every edge, in the order of α's columns. */
  readonly operations: readonly OperationName[];
  /** Intermediate nodes of a cell; node i has an edge from each of the two inputs and each earlier node. */
  readonly nodes: number;
  /** Incoming edges of a node that the genotype keeps; Infinity keeps all. */
  readonly keptEdges: number;
  /** Each component of α's gradient is clamped to ±limit. */
  readonly alphaGradientLimit?: number;
}

const spaces = {
  /** Liu, Simonyan & Yang 2019 (DARTS), section 2.1. */
  darts: {
    name: 'darts',
    operations: [
      'none',
      'max_pool_3x3',
      'avg_pool_3x3',
      'skip_connect',
      'sep_conv_3x3',
      'sep_conv_5x5',
      'dil_conv_3x3',
      'dil_conv_5x5',
    ],
    nodes: 4,
    keptEdges: 2,
  },
  /** Ordinary convolutions, pools and the identity on every edge; the best operation of each edge is kept. */
  simple: {
    name: 'simple',
    operations: ['conv_3x3', 'conv_5x5', 'max_pool_3x3', 'avg_pool_3x3', 'identity'],
    nodes: 4,
    keptEdges: Number.POSITIVE_INFINITY,
    alphaGradientLimit: 1,
  },
} as const satisfies Record<string, SearchSpace>;

export type SpaceName = keyof typeof spaces;

export const spaceNames = Object.keys(spaces) as readonly SpaceName[];

/** The space of a name; InputError for an unknown one. */
export function searchSpace(name: string): SearchSpace {
  if (Object.hasOwn(spaces, name)) return spaces[name as SpaceName];
  throw new InputError(`unknown search space "${name}": expected one of ${spaceNames.join(', ')}`);
}

/** The kinds of cells, in the order of α's first dimension. */
export const cellKinds = ['normal', 'reduce'] as const;

/** The candidates of an edge, in the order of α's columns. */
export const candidatesOf = (space: SearchSpace, _kind: number, _edge: number): readonly OperationName[] =>
  space.operations;

/** Incoming edges of all nodes together: Σ (2 + i); 14 for four nodes. */
export const edgeCount = ({ nodes }: SearchSpace): number => (nodes * (nodes + 3)) / 2;

/** The edges into each node, by their indices. */
export function edgesByNode({ nodes }: SearchSpace): readonly (readonly number[])[] {
  let edge = 0;
  return Array.from({ length: nodes }, (_, node) => Array.from({ length: node + 2 }, () => edge++));
}

/** α's shape: kinds of cell, edges, operations. */
export const alphaShape = (space: SearchSpace): [kinds: number, edges: number, operations: number] => [
  cellKinds.length,
  edgeCount(space),
  space.operations.length,
];

/** The number of α's elements. */
export const alphaSize = (space: SearchSpace): number => alphaShape(space).reduce((a, b) => a * b);
