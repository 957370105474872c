/** A genotype in its text form as drawings of its cells. */
import { cellsOf } from '../search/genotype.ts';
import { parseGenotype } from '../search/genotype-text.ts';
import type { CellKind } from '../search/skeleton-names.ts';
import { type CellDrawingOptions, drawCell } from './cell-drawing.ts';

/** SVG documents by the kinds of cells that a genotype has, in their order. */
export type GenotypeDrawings = Readonly<Partial<Record<CellKind, string>>>;

const drawings: Readonly<Record<CellKind, CellDrawingOptions>> = {
  normal: { title: 'The normal cell', reduction: false },
  reduce: { title: 'The reduction cell', reduction: true },
  // The benchmark counts a cell's states from its input on.
  cell: { title: 'The cell', reduction: false, inputs: ['input'], firstNode: 1 },
};

/** @throws InputError where the text is no genotype */
export const drawGenotype = (text: string): GenotypeDrawings =>
  Object.fromEntries(
    cellsOf(parseGenotype(text)).map(([kind, cell]) => [kind, drawCell(cell, drawings[kind])]),
  );
