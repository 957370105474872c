/** The skeletons that cells are put into, as far as genotypes and spaces know them: without tensors. */
import { InputError } from '../errors.ts';
import { isWhole } from '../objects.ts';

const cellKinds = ['normal', 'reduce', 'cell'] as const;

export type CellKind = (typeof cellKinds)[number];

export interface SkeletonForm {
  /** The kinds of cells that are searched, in the order of α's first dimension. */
  readonly kinds: readonly CellKind[];
  /** States that a cell begins with: node i has an edge from each of them and from each earlier node. */
  readonly inputs: number;
}

const forms = {
  /** Liu et al. 2019: a cell takes the outputs of the two before it. */
  darts: { kinds: ['normal', 'reduce'], inputs: 2 },
  /** Dong & Yang 2020: a cell takes the output of the one before it; what reduces is no cell. */
  'nas-bench-201': { kinds: ['cell'], inputs: 1 },
} as const satisfies Record<string, SkeletonForm>;

export type SkeletonName = keyof typeof forms;

export const skeletonNames = Object.keys(forms) as readonly SkeletonName[];

export const isSkeletonName = (name: unknown): name is SkeletonName =>
  skeletonNames.some((known) => known === name);

export const skeletonForm = (name: SkeletonName): SkeletonForm => forms[name];

/** Only in a cell that reduces, and there only on the edges from its inputs, operations have stride 2. */
export const strideOf = (kind: CellKind, input: number): 1 | 2 => (kind === 'reduce' && input < 2 ? 2 : 1);

/** An edge of a cell: the state that it leaves, and its number among all edges of the cell (α's row). */
export interface EdgePlace {
  readonly input: number;
  readonly edge: number;
}

/** The edges into each node, numbered node by node: one from each input and each earlier node. */
export function edgePlaces(skeleton: SkeletonName, nodes: number): EdgePlace[][] {
  let edge = 0;
  return Array.from({ length: nodes }, (_, node) =>
    Array.from({ length: forms[skeleton].inputs + node }, (__, input) => ({ input, edge: edge++ })),
  );
}

/** Where a network of unspecified reductions reduces: at a third and two thirds of its cells. */
const usualReductions: readonly number[] = [1 / 3, 2 / 3];

/**
 * Whether cell `index` of `cells` reduces, which halves the image and doubles the channels.
 *
 * @param reductions places: below 1 a part p of the cells, meaning cell ⌊p·cells⌋; from 1 on the cell's index
 */
export const isReduction = (index: number, cells: number, reductions = usualReductions): boolean =>
  reductions.some((place) => index === (place < 1 ? Math.floor(place * cells) : place));

/** How often an image has been halved after the first `count` cells. */
export const halvingsAfter = (count: number, cells: number, reductions?: readonly number[]): number =>
  Array.from({ length: count }, (_, index) => isReduction(index, cells, reductions)).filter(Boolean).length;

/** Whether a place of a reduction is a part of the cells; else it is the index of one. */
export const isPart = (place: number): boolean => place > 0 && place < 1;

/**
 * Places of reductions, checked: parts between 0 and 1, or indices of cells; none of them twice.
 *
 * @param where names them in errors
 * @throws InputError where one is neither, or there twice
 */
export function checkedReductions(places: readonly number[], where: string): readonly number[] {
  const wrong = places.find((place) => !isPart(place) && !isWhole(place, 0));
  if (wrong !== undefined) {
    throw new InputError(
      `${where}: "reductions" has ${wrong}; expected parts of the cells (above 0, below 1) or indices of cells ` +
        '(whole numbers from 0)',
    );
  }
  const double = places.find((place, i) => places.indexOf(place) < i);
  if (double !== undefined) throw new InputError(`${where}: "reductions" names ${double} twice`);
  return places;
}
