/** The text form of NAS-Bench-201: what is read, and what is refused and why. */
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { formatGenotype } from '../../src/search/genotype.ts';
import { genotypeFromJson, genotypeToJson, loadGenotype } from '../../src/search/genotype-file.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';

const text = '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|';

describe('a cell of NAS-Bench-201', () => {
  const genotype = parseGenotype(text);

  it('has the edges that its text names', () => {
    expect(genotype).toEqual({
      cell: {
        nodes: [
          [{ operation: 'nor_conv_3x3', input: 0 }],
          [
            { operation: 'nor_conv_3x3', input: 0 },
            { operation: 'avg_pool_3x3', input: 1 },
          ],
          [
            { operation: 'skip_connect', input: 0 },
            { operation: 'none', input: 1 },
            { operation: 'nor_conv_1x1', input: 2 },
          ],
        ],
        concat: [3],
      },
    });
  });

  it('is written as it was read, as text and as JSON', () => {
    expect(formatGenotype(genotype)).toBe(text);
    expect(genotypeFromJson(genotypeToJson(genotype))).toEqual(genotype);
    expect(loadGenotype(text)).toEqual(genotype);
    expect(parseGenotype(` ${text.replaceAll('|', ' | ').replaceAll('~', ' ~ ')}\n`)).toEqual(genotype);
  });

  it('may have its residual blocks elsewhere', () => {
    const elsewhere = `${text}, reductions=[0.25, 9]`;
    expect(parseGenotype(elsewhere).reductions).toEqual([0.25, 9]);
    expect(formatGenotype(parseGenotype(elsewhere))).toBe(elsewhere);
    expect(parseGenotype(`${text}, reductions=[]`).reductions).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a bar alone', '|', 'here: expected operation~state| at character 1, got the end of the text'],
    [
      'an open end',
      text.slice(0, -1),
      'expected "+", operation~state| or the end of the text at character 72',
    ],
    ['a node without edges', '|skip_connect~0|+||', 'expected operation~state| at character 18, got "|"'],
    ['a plus sign at the end', `${text}+`, 'expected "|"'],
    ['an unknown operation', text.replace('none', 'nune'), 'names the unknown operation "nune"'],
    [
      'a later state',
      text.replace('none~1', 'none~3'),
      'an edge into node 3 from 3; expected a state from 0 to 2',
    ],
    ['a huge state', text.replace('none~1', `none~${'9'.repeat(40)}`), 'expected "+", operation~state|'],
    ['a negative state', text.replace('none~1', 'none~-1'), 'expected "+", operation~state|'],
    ['code', '|__import__("os")~0|', 'expected operation~state| at character 1'],
    ['an empty reduction', `${text}, reductions=[1,]`, '"reductions" has NaN'],
    ['a negative reduction', `${text}, reductions=[-1]`, '"reductions" has -1'],
    ['a place twice', `${text}, reductions=[1,1]`, '"reductions" names 1 twice'],
  ])('is refused with %s', (_, wrong, message) => {
    expect(() => parseGenotype(wrong, 'here')).toThrow(message);
    expect(() => parseGenotype(wrong, 'here')).toThrow(InputError);
  });
});
