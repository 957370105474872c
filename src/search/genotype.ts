/** Genotypes: the discrete architecture of each kind of cell of a skeleton. */
import { InputError } from '../errors.ts';
import { suggestion } from '../suggest.ts';
import { isOperationName, type OperationName, operationNames } from './operation-names.ts';
import { type CellKind, type SkeletonName, skeletonForm, strideOf } from './skeleton-names.ts';

/** An operation on the edge from a state: the cell's inputs come first (two in DARTS), then the nodes. */
export interface Edge {
  readonly operation: OperationName;
  readonly input: number;
}

export interface CellGenotype {
  /** The incoming edges of each node. */
  readonly nodes: readonly (readonly Edge[])[];
  /** The states whose concatenation is the cell's output. */
  readonly concat: readonly number[];
}

/** Of the skeleton of DARTS. */
export interface DartsGenotype {
  readonly normal: CellGenotype;
  readonly reduce: CellGenotype;
  /** Where the network reduces, as in `isReduction`; by default at a third and two thirds of its cells. */
  readonly reductions?: readonly number[];
}

/** Of the skeleton of NAS-Bench-201; a cell's output is its last node. */
export interface ChainGenotype {
  readonly cell: CellGenotype;
  /** Where the residual blocks are; by default at a third and two thirds. */
  readonly reductions?: readonly number[];
}

export type Genotype = DartsGenotype | ChainGenotype;

const isChain = (genotype: Genotype): genotype is ChainGenotype => 'cell' in genotype;

export const skeletonOfGenotype = (genotype: Genotype): SkeletonName =>
  isChain(genotype) ? 'nas-bench-201' : 'darts';

/** The genotype, known to be of the skeleton of DARTS; InputError where it is of another. */
export function dartsGenotype(genotype: Genotype): DartsGenotype {
  if (!isChain(genotype)) return genotype;
  throw new InputError('expected a genotype of normal and reduction cells, got one of NAS-Bench-201');
}

/** The cells by their kinds, in the order of α. */
export const cellsOf = (genotype: Genotype): readonly (readonly [CellKind, CellGenotype])[] =>
  isChain(genotype)
    ? [['cell', genotype.cell]]
    : [
        ['normal', genotype.normal],
        ['reduce', genotype.reduce],
      ];

/** The genotype of the cells of a skeleton, in the order of its kinds. */
export function genotypeOf(
  skeleton: SkeletonName,
  cells: readonly CellGenotype[],
  reductions?: readonly number[],
): Genotype {
  const entries = skeletonForm(skeleton).kinds.map((kind, i) => [kind, cells[i] as CellGenotype]);
  // The kinds are those of the skeleton's genotype.
  return { ...(Object.fromEntries(entries) as Genotype), ...(reductions && { reductions }) };
}

/** What a file or text may say of one cell, before it is known to make sense. */
export interface RawCell {
  readonly nodes: readonly (readonly (readonly [string, number])[])[];
  readonly concat: readonly number[];
}

/** The cell, checked: known operations, edges from earlier states only, a concat of existing states. */
export function checkedCell(kind: CellKind, cell: RawCell, where: string): CellGenotype {
  const inputs = kind === 'cell' ? 1 : 2;
  const name = kind === 'cell' ? 'cell' : `${kind} cell`;
  const refuse = (problem: string): never => {
    throw new InputError(`${where}: the ${name} ${problem}`);
  };
  if (cell.nodes.length === 0) refuse('has no nodes');
  const nodes = cell.nodes.map((edges, i) => {
    if (edges.length === 0) refuse(`has no edge into node ${i + inputs}`);
    return edges.map(([operation, input]): Edge => {
      if (!isOperationName(operation)) {
        const near = suggestion(operation, operationNames);
        throw new InputError(
          `${where}: the ${name} names the unknown operation "${operation}"${near}; known are ${operationNames.join(', ')}`,
        );
      }
      if (!Number.isInteger(input) || input < 0 || input >= i + inputs) {
        const last = i + inputs - 1;
        refuse(`has an edge into node ${i + inputs} from ${input}; expected a state from 0 to ${last}`);
      }
      return { operation, input };
    });
  });
  const states = nodes.length + inputs;
  if (cell.concat.length === 0) refuse('concatenates no states');
  if (kind === 'cell' && (cell.concat.length > 1 || cell.concat[0] !== states - 1)) {
    refuse(`has the output [${cell.concat.join(', ')}]; expected its last node, [${states - 1}]`);
  }
  // The inputs of a reduction cell are twice as large as its nodes.
  const first = strideOf(kind, 0) === 2 ? inputs : 0;
  for (const state of cell.concat) {
    if (!Number.isInteger(state) || state < first || state >= states) {
      refuse(`concatenates the state ${state}; expected states from ${first} to ${states - 1}`);
    }
  }
  return { nodes, concat: cell.concat };
}

const formatEdge = ({ operation, input }: Edge): string => `('${operation}', ${input})`;

const list = (items: readonly (string | number)[]): string => `[${items.join(', ')}]`;

/** Places of reductions, as `1 / 3` would be without a loss. */
const placesText = (reductions: readonly number[] | undefined): string =>
  reductions ? `, reductions=${list(reductions)}` : '';

/**
 * The text form of quark0/darts, `Genotype(normal=[('sep_conv_3x3', 1), …], normal_concat=[2, 3, 4, 5], …)`; pairs
 * are nested by node where a node does not have two edges. A chain's is that of NAS-Bench-201, `|op~0|+|op~0|op~1|`.
 * Reductions at unusual places follow as `reductions=[0.25, 0.5]`.
 */
export function formatGenotype(genotype: Genotype): string {
  const { reductions } = genotype;
  if (isChain(genotype)) {
    const node = (edges: readonly Edge[]): string =>
      `|${edges.map(({ operation, input }) => `${operation}~${input}`).join('|')}|`;
    return genotype.cell.nodes.map(node).join('+') + placesText(reductions);
  }
  const cell = ({ nodes }: CellGenotype): string =>
    nodes.every((edges) => edges.length === 2)
      ? list(nodes.flat().map(formatEdge))
      : list(nodes.map((edges) => list(edges.map(formatEdge))));
  const { normal, reduce } = genotype;
  return (
    `Genotype(normal=${cell(normal)}, normal_concat=${list(normal.concat)}, ` +
    `reduce=${cell(reduce)}, reduce_concat=${list(reduce.concat)}${placesText(reductions)})`
  );
}
