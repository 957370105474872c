/** A user's own space: what is read, what is refused and why, and that nothing else happens to malformed input. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { deriveGenotype } from '../../../src/search/derive.ts';
import { operationNames } from '../../../src/search/operation-names.ts';
import { skeletonForm } from '../../../src/search/skeleton-names.ts';
import { spaceFromContent } from '../../../src/search/spaces/file.ts';
import { alphaShape, alphaSize, edgeCount, searchSpace } from '../../../src/search/spaces.ts';
import { softmaxStrengths } from '../../../src/search/strengths.ts';

const read = (content: unknown) => spaceFromContent(content, 'mine.json');
const small = { name: 'mine', nodes: 2, operations: ['none', 'skip_connect', 'sep_conv_3x3'] };

describe('a space from a file', () => {
  it('is that of DARTS where it says so', () => {
    const { name, candidates, ...rest } = searchSpace('darts');
    expect(read({ name, operations: candidates[0]?.[0] })).toEqual({ name, candidates, ...rest });
  });

  it('is that of NAS-Bench-201 where it says so', () => {
    const { name, candidates, skeleton, defaults, ...rest } = searchSpace('nas-bench-201');
    const content = { name, skeleton, operations: candidates[0]?.[0], ...defaults };
    expect(read(content)).toEqual({ name, candidates, skeleton, defaults, ...rest });
  });

  it('may have operations of its own on every edge of every kind', () => {
    const { candidates, ...rest } = searchSpace('s1');
    const [normal, reduce] = candidates;
    expect(read({ name: 's1', operations: { normal, reduce } })).toEqual({ candidates, ...rest });
    const byKind = read({
      ...small,
      operations: { normal: ['conv_3x3', 'none'], reduce: ['none', 'noise'] },
    });
    expect(byKind.candidates.map((edges) => edges[4])).toEqual([
      ['conv_3x3', 'none'],
      ['none', 'noise'],
    ]);
  });

  it('is the example of the README', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```json\n(\{\n {2}"name".*?)^```/ms.exec(readme) ?? [];
    const space = read(JSON.parse(example));
    expect(alphaShape(space)).toEqual([2, 9, 5]);
    expect(space.reductions).toEqual([0.25, 0.5, 0.75]);
  });

  it('may reduce elsewhere, and have sizes of its own', () => {
    const space = read({ ...small, reductions: ['1/4', 0.5, 7], keep: 'all', channels: 8, cells: 12 });
    expect(space.reductions).toEqual([0.25, 0.5, 7]);
    expect(space.keptEdges).toBe(Number.POSITIVE_INFINITY);
    expect(space.defaults).toEqual({ channels: 8, cells: 12 });
  });

  it.each<[string, unknown, string]>([
    [
      'a list',
      [],
      'mine.json: expected an object such as {"name": "mine", "operations": ["skip_connect", …]}, got []',
    ],
    ['null', null, 'got null'],
    ['no name', { operations: ['none'] }, '"name" must be a text, got nothing'],
    [
      'no operations',
      { name: 'x' },
      '"operations" is missing: expected a list of operations, or {"normal": […], "reduce": […]}',
    ],
    [
      'an unknown key',
      { ...small, operation: [] },
      'unknown key "operation"; did you mean operations?; a space has name, ',
    ],
    [
      'a key of every object',
      JSON.parse('{"name": "x", "operations": ["none"], "__proto__": {}}'),
      'unknown key "__proto__"',
    ],
    [
      'an unknown skeleton',
      { ...small, skeleton: 'dart' },
      '"skeleton" must be one of darts, nas-bench-201, got "dart"; did you mean darts?',
    ],
    [
      'an unknown operation',
      { ...small, operations: ['sep_conv_3'] },
      '"operations" names the unknown operation "sep_conv_3"; did you mean sep_conv_3x3?',
    ],
    ['a number for an operation', { ...small, operations: [3] }, 'names the unknown operation 3'],
    [
      'an operation twice',
      { ...small, operations: ['none', 'noise', 'none'] },
      '"operations" names none twice',
    ],
    ['no operation', { ...small, operations: [] }, '"operations" has no operation'],
    [
      'no operation but none',
      { ...small, operations: ['none'] },
      'the normal cell has no operation but none',
    ],
    [
      'nothing in one kind of cell',
      { ...small, operations: { normal: ['noise'], reduce: ['none'] } },
      'the reduce cell has no operation but none',
    ],
    [
      'a kind left out',
      { ...small, operations: { normal: ['noise'] } },
      '"operations" needs a list for "reduce", got nothing',
    ],
    [
      'an unknown kind',
      { ...small, operations: { normal: ['noise'], reduction: ['noise'] } },
      'unknown kind of cell "reduction"; the skeleton darts has normal and reduce',
    ],
    [
      'too few edges',
      { ...small, operations: { normal: [['noise']], reduce: ['noise'] } },
      '"normal" must have a list for each of the 5 edges (2 + 3), got 1',
    ],
    [
      'unequal edges',
      { ...small, operations: { normal: ['noise'], reduce: ['noise', 'none'] } },
      'every edge needs equally many operations, as their strengths are one matrix; the first has 1, another 2',
    ],
    ['half a node', { ...small, nodes: 1.5 }, '"nodes" must be a whole number from 1 to 12, got 1.5'],
    ['very many nodes', { ...small, nodes: 1e6 }, '"nodes" must be a whole number from 1 to 12'],
    ['nothing to keep', { ...small, keep: 0 }, '"keep" must be "all" or a whole number from 1, got 0'],
    ['none chosen among few', { ...small, chooses_none: true }, '"chooses_none" needs "keep": "all"'],
    [
      'none chosen where there is none',
      { ...small, operations: ['noise'], keep: 'all', chooses_none: true },
      '"chooses_none" needs the operation "none"',
    ],
    [
      'a word for a reduction',
      { ...small, reductions: ['half'] },
      '"reductions" has "half"; expected parts of the cells',
    ],
    ['a whole as a part', { ...small, reductions: ['3/3'] }, '"reductions" has "3/3"'],
    ['a division by zero', { ...small, reductions: ['1/0'] }, '"reductions" has "1/0"'],
    ['a negative place', { ...small, reductions: [-1] }, '"reductions" has -1'],
    ['a place twice', { ...small, reductions: [0.5, '1/2'] }, '"reductions" names 0.5 twice'],
    ['no cells', { ...small, cells: 0 }, '"cells" must be a whole number from 1 to 1000, got 0'],
  ])('is refused with %s', (_, content, message) => {
    expect(() => read(content)).toThrow(message);
    expect(() => read(content)).toThrow(InputError);
  });

  const lists = fc.uniqueArray(fc.constantFrom(...operationNames), { minLength: 2, maxLength: 4 });
  const sound = fc.record(
    {
      name: fc.constant('mine'),
      nodes: fc.integer({ min: 1, max: 4 }),
      operations: lists,
      keep: fc.oneof(fc.constant('all'), fc.integer({ min: 1, max: 5 })),
      reductions: fc.uniqueArray(fc.oneof(fc.nat({ max: 9 }), fc.constantFrom('1/3', '2/3')), {
        maxLength: 3,
      }),
      cells: fc.integer({ min: 1, max: 20 }),
      skeleton: fc.constantFrom('darts', 'nas-bench-201'),
    },
    { requiredKeys: ['name', 'operations'] },
  );

  it('has an α and a genotype, whatever it says', () => {
    fc.assert(
      fc.property(
        sound,
        fc.infiniteStream(fc.double({ min: -3, max: 3, noNaN: true })),
        (content, numbers) => {
          const space = read(content);
          const [kinds, edges, operations] = alphaShape(space);
          expect(kinds).toBe(skeletonForm(space.skeleton).kinds.length);
          expect(edges).toBe(edgeCount(space));
          expect(operations).toBe(content.operations.length);
          const alpha = Float32Array.from({ length: alphaSize(space) }, () => numbers.next().value as number);
          const genotype = deriveGenotype(softmaxStrengths(alpha, space), space);
          expect(genotype.reductions).toEqual(space.reductions);
          // Reading its own content again changes nothing.
          expect(read(JSON.parse(JSON.stringify(content)))).toEqual(space);
        },
      ),
    );
  });

  it('is read or refused, and nothing else', () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...operationNames),
      lists,
      fc.constant(Number.POSITIVE_INFINITY),
    );
    const damage = fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.constantFrom('nodes', 'operations', 'keep', 'reductions', 'cells', 'skeleton'),
      ),
      values,
      { maxKeys: 3 },
    );
    const content = fc.oneof(
      fc.jsonValue(),
      fc.tuple(sound, damage).map(([a, b]) => ({ ...a, ...b })),
      fc
        .tuple(sound, fc.dictionary(fc.constantFrom('normal', 'reduce', 'cell'), values))
        .map(([a, operations]) => ({
          ...a,
          operations,
        })),
    );
    fc.assert(
      fc.property(content, (drawn) => {
        try {
          const space = read(drawn);
          expect(alphaSize(space)).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
