/** Genotypes: the discrete architecture of a normal and a reduction cell. */
import { InputError } from '../errors.ts';
import { isOperationName, type OperationName, operationNames } from './operation-names.ts';

/** An operation on the edge from a state: 0 and 1 are the cell's inputs, 2 + i is node i. */
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

export interface Genotype {
  readonly normal: CellGenotype;
  readonly reduce: CellGenotype;
}

/** What a file or text may say of one cell, before it is known to make sense. */
export interface RawCell {
  readonly nodes: readonly (readonly (readonly [string, number])[])[];
  readonly concat: readonly number[];
}

/** The cell, checked: known operations, edges from earlier states only, a concat of existing states. */
export function checkedCell(kind: 'normal' | 'reduce', cell: RawCell, where: string): CellGenotype {
  const refuse = (problem: string): never => {
    throw new InputError(`${where}: the ${kind} cell ${problem}`);
  };
  if (cell.nodes.length === 0) refuse('has no nodes');
  const nodes = cell.nodes.map((edges, i) => {
    if (edges.length === 0) refuse(`has no edge into node ${i + 2}`);
    return edges.map(([operation, input]): Edge => {
      if (!isOperationName(operation)) {
        throw new InputError(
          `${where}: the ${kind} cell names the unknown operation "${operation}"; known are ${operationNames.join(', ')}`,
        );
      }
      if (!Number.isInteger(input) || input < 0 || input >= i + 2) {
        refuse(`has an edge into node ${i + 2} from ${input}; expected a state from 0 to ${i + 1}`);
      }
      return { operation, input };
    });
  });
  const states = nodes.length + 2;
  if (cell.concat.length === 0) refuse('concatenates no states');
  // The inputs of a reduction cell are twice as large as its nodes.
  const first = kind === 'reduce' ? 2 : 0;
  for (const state of cell.concat) {
    if (!Number.isInteger(state) || state < first || state >= states) {
      refuse(`concatenates the state ${state}; expected states from ${first} to ${states - 1}`);
    }
  }
  return { nodes, concat: cell.concat };
}

const formatEdge = ({ operation, input }: Edge): string => `('${operation}', ${input})`;

const list = (items: readonly (string | number)[]): string => `[${items.join(', ')}]`;

/**
 * The text form of quark0/darts, `Genotype(normal=[('sep_conv_3x3', 1), …], normal_concat=[2, 3, 4, 5], …)`; pairs
 * are nested by node where a node does not have two edges.
 */
export function formatGenotype(genotype: Genotype): string {
  const cell = ({ nodes }: CellGenotype): string =>
    nodes.every((edges) => edges.length === 2)
      ? list(nodes.flat().map(formatEdge))
      : list(nodes.map((edges) => list(edges.map(formatEdge))));
  const { normal, reduce } = genotype;
  return (
    `Genotype(normal=${cell(normal)}, normal_concat=${list(normal.concat)}, ` +
    `reduce=${cell(reduce)}, reduce_concat=${list(reduce.concat)})`
  );
}
