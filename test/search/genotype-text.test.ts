import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { dartsGenotype, formatGenotype } from '../../src/search/genotype.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { damaged, expectSoundOrRefused, genotypes } from './genotypes.ts';
import { published } from './published.ts';

const small = {
  normal: {
    nodes: [
      [
        { operation: 'skip_connect', input: 0 },
        { operation: 'none', input: 1 },
      ],
    ],
    concat: [1, 2],
  },
  reduce: {
    nodes: [
      [
        { operation: 'max_pool_3x3', input: 1 },
        { operation: 'max_pool_3x3', input: 0 },
      ],
    ],
    concat: [2],
  },
};
const text =
  "Genotype(normal=[('skip_connect', 0), ('none', 1)], normal_concat=[1, 2], reduce=[('max_pool_3x3', 1), ('max_pool_3x3', 0)], reduce_concat=[2])";

describe('parseGenotype', () => {
  it.each<[string, string]>([
    ['pairs in a row', text],
    ['pairs nested by node', text.replaceAll('=[(', '=[[(').replaceAll(')]', ')]]')],
    ['tuples for lists', text.replaceAll('[', '(').replaceAll(']', ',)')],
    [
      'lists for pairs',
      text
        .replaceAll("('", "['")
        .replace(/(\d)\)/g, '$1]')
        .replace(/\]\]$/, '])'),
    ],
    ['double quotes', text.replaceAll("'", '"')],
    ['no spaces', text.replaceAll(' ', '')],
    ['spaces, tabs and lines everywhere', text.replace(/([()[\],=])/g, ' \n\t$1\r\n ')],
    ['commas at the ends', text.replaceAll(']', ',]').replace(/\)$/, ',)')],
    ['ranges', text.replace('[1, 2]', 'range(1, 3)').replace('[2]', 'range(2, 3)')],
    ['fields in another order', text.replace(/Genotype\((normal=.*), (reduce=.*)\)$/, 'Genotype($2, $1)')],
  ])('reads %s', (_, variant) => {
    expect(parseGenotype(variant)).toEqual(small);
  });

  it('counts range(b) from 0', () => {
    expect(dartsGenotype(parseGenotype(text.replace('[1, 2]', 'range(3)'))).normal.concat).toEqual([0, 1, 2]);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'here: expected "Genotype" at character 0, got the end of the text'],
    [
      'another name',
      text.replace('Genotype', 'Phenotype'),
      'expected "Genotype" at character 0, got "Phenotype(',
    ],
    ['a cut text', text.slice(0, 17), 'got the end of the text'],
    ['a text after the end', `${text};`, 'expected the end of the text'],
    ['an open string', text.replace("'none'", "'none"), 'expected ")" at character 83'],
    [
      'an unknown field',
      text.replace('normal_concat', 'normal_cat'),
      'expected one each of normal, normal_concat',
    ],
    ['a field twice', text.replace('reduce=', 'normal='), 'expected one each of normal, normal_concat'],
    [
      'a place of reductions twice',
      text.replace(/\)$/, ', reductions=[0.5, 0.5])'),
      'here: "reductions" names 0.5 twice',
    ],
    ['a missing field', text.replace(', reduce_concat=[2]', ''), 'reduce and reduce_concat are both needed'],
    [
      'an unknown operation',
      text.replace("'none'", "'conv_7x7'"),
      'the normal cell names the unknown operation "conv_7x7"; did you mean conv_3x3?; known are none, ',
    ],
    [
      "an operation's name from Object",
      text.replace("'none'", "'constructor'"),
      'the unknown operation "constructor"',
    ],
    [
      'an input that comes later',
      text.replace("('none', 1)", "('none', 2)"),
      'the normal cell has an edge into node 2 from 2; expected a state from 0 to 1',
    ],
    [
      'a negative input',
      text.replace("('none', 1)", "('none', -1)"),
      'from -1; expected a state from 0 to 1',
    ],
    [
      'a state that does not exist',
      text.replace('[2]', '[3]'),
      'the reduce cell concatenates the state 3; expected states from 2 to 2',
    ],
    [
      'an input of a reduction cell among its results',
      text.replace('[2]', '[1, 2]'),
      'the reduce cell concatenates the state 1; expected states from 2 to 2',
    ],
    ['nothing to concatenate', text.replace('[2]', '[]'), 'the reduce cell concatenates no states'],
    ['no nodes', text.replace("[('skip_connect', 0), ('none', 1)]", '[]'), 'the normal cell has no nodes'],
    [
      'a node without edges',
      text.replace("[('skip_connect', 0), ('none', 1)]", '[[]]'),
      'the normal cell has no edge into node 2',
    ],
    [
      'an odd number of pairs',
      text.replace(", ('none', 1)", ''),
      'normal: expected two pairs a node, got 1 pairs',
    ],
    ['numbers for pairs', text.replace("('none', 1)", '1'), "normal: expected pairs ('operation', input)"],
    [
      'a name for a list',
      text.replace("[('skip_connect', 0), ('none', 1)]", "'none'"),
      "normal: expected a list of ('operation', input) pairs",
    ],
    ['strings for states', text.replace('[2]', "['2']"), 'reduce_concat must list states'],
    ['a range with a step', text.replace('[2]', 'range(2, 3, 1)'), 'range(a, b)'],
    ['a range of nothing', text.replace('[2]', 'range()'), 'range(a, b)'],
    ['a range of very many', text.replace('[2]', 'range(0, 999999999)'), 'range(a, b)'],
    ['deep nesting', text.replace('[2]', '['.repeat(10_000)), 'at most four levels of nesting'],
    ['code', "__import__('os').system('ls')", 'expected "Genotype"'],
    ['a call for a value', text.replace('[2]', 'open("x")'), 'expected a list, a pair, a string or a number'],
  ])('refuses %s', (_, variant, message) => {
    expect(() => parseGenotype(variant, 'here')).toThrow(message);
    expect(() => parseGenotype(variant, 'here')).toThrow(InputError);
  });

  it.each([undefined, null, 7, {}])('refuses %s, which is no text', (value) => {
    const parse = () => parseGenotype(value as unknown as string, 'here');
    expect(parse).toThrow(InputError);
    expect(parse).toThrow('here: expected a text, got');
  });

  it('reads what formatGenotype writes', () => {
    fc.assert(
      fc.property(genotypes, (genotype) => {
        expect(parseGenotype(formatGenotype(genotype))).toEqual(genotype);
      }),
      { numRuns: 300 },
    );
  });

  it('never does anything but read or refuse', () => {
    const texts = fc.oneof(
      genotypes.map(formatGenotype),
      fc.constantFrom(...published.map(({ text: t }) => t)),
    );
    const pieces = [
      '(',
      ')',
      '[',
      ']',
      ',',
      '=',
      "'",
      '"',
      ' ',
      '\n',
      '-',
      '9'.repeat(400),
      'range(',
      'range(-1e9, 3)',
      '\0',
      'ü',
    ];
    fc.assert(
      fc.property(damaged(texts, pieces), (broken) => expectSoundOrRefused(() => parseGenotype(broken))),
      { numRuns: 3000 },
    );
  });
});

describe('formatGenotype', () => {
  it('writes two edges a node in a row, as quark0/darts does', () => {
    expect(formatGenotype(small as Parameters<typeof formatGenotype>[0])).toBe(text);
    for (const { text: original } of published) {
      expect(formatGenotype(parseGenotype(original))).toBe(
        original.replaceAll('range(2, 6)', '[2, 3, 4, 5]'),
      );
    }
  });
});
