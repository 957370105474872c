/** Reads the text form of NAS-Bench-201's cells, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`, without evaluating it. */
import { type ChainGenotype, checkedCell } from './genotype.ts';
import { checkedReductions } from './skeleton-names.ts';
import { unexpected } from './unexpected-text.ts';

export const isChainText = (text: string): boolean => /^\s*\|/.test(text);

const edge = /\s*([A-Za-z_]\w*)\s*~\s*(\d{1,9})\s*\|/y;
const reductionList = /\s*,\s*reductions\s*=\s*\[([\d.eE+\-,\s]*)\]/y;

const form = 'a cell of NAS-Bench-201 reads |nor_conv_3x3~0|+|none~0|skip_connect~1|+|…~0|…~1|…~2|';

/**
 * The genotype of a text: the edges into each node between bars, nodes joined by plus signs.
 *
 * @param where names the text in errors
 * @throws InputError with the position, what was expected and what was found
 */
export function parseChain(text: string, where = 'genotype'): ChainGenotype {
  let position = 0;
  const fail = (expected: string): never => {
    throw unexpected(text, position, expected, { where, form });
  };
  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(text) ?? undefined;
    if (found) position = pattern.lastIndex;
    return found;
  };
  const nodes: [string, number][][] = [];
  do {
    if (!match(/\s*\|/y)) fail('"|"');
    const edges: [string, number][] = [];
    for (let found = match(edge); found; found = match(edge)) {
      edges.push([found[1] as string, Number(found[2])]);
    }
    if (edges.length === 0) fail('operation~state|');
    nodes.push(edges);
  } while (match(/\s*\+/y));
  const places = match(reductionList)?.[1];
  if (text.slice(position).trim() !== '') fail('"+", operation~state| or the end of the text');
  const cell = checkedCell('cell', { nodes, concat: [nodes.length] }, where);
  if (places === undefined) return { cell };
  const numbers =
    places.trim() === '' ? [] : places.split(',').map((place) => Number(place.trim() || Number.NaN));
  return { cell, reductions: checkedReductions(numbers, where) };
}
