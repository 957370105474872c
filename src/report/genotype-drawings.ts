/** A genotype in its text form as drawings of its two cells. */
import { parseGenotype } from '../search/genotype-text.ts';
import { drawCell } from './cell-drawing.ts';

export interface GenotypeDrawings {
  /** SVG documents. */
  readonly normal: string;
  readonly reduce: string;
}

/** @throws InputError where the text is no genotype */
export function drawGenotype(text: string): GenotypeDrawings {
  const { normal, reduce } = parseGenotype(text);
  return {
    normal: drawCell(normal, { title: 'The normal cell', reduction: false }),
    reduce: drawCell(reduce, { title: 'The reduction cell', reduction: true }),
  };
}
