import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { formatGenotype } from '../../src/search/genotype.ts';
import {
  genotypeFromJson,
  genotypeToJson,
  loadGenotype,
  publishedNames,
} from '../../src/search/genotype-file.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { damaged, expectSoundOrRefused, genotypes } from './genotypes.ts';
import { published } from './published.ts';

const [first] = published;
const genotype = parseGenotype(first?.text ?? '');
const json = genotypeToJson(genotype);

describe('genotypes as JSON', () => {
  it('round trip', () => {
    fc.assert(
      fc.property(genotypes, (drawn) => {
        expect(genotypeFromJson(genotypeToJson(drawn))).toEqual(drawn);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, string]>([
    ['no JSON', '{"format":', 'file.json is not JSON: '],
    [
      'null',
      'null',
      'file.json: expected {"format": "onnx-nas/genotype", "version": 2, …}, got format undefined',
    ],
    ['a number', '7', 'got format undefined, version undefined'],
    ['another format', json.replace('onnx-nas/genotype', 'x'), 'got format "x", version 2'],
    [
      'a later version',
      json.replace('"version": 2', '"version": 3'),
      'got format "onnx-nas/genotype", version 3',
    ],
    [
      'an unknown skeleton',
      json.replace('"darts"', '"dart"'),
      '"skeleton" must be one of darts, nas-bench-201, got "dart"',
    ],
    [
      'reductions that are text',
      json.replace('"normal"', '"reductions": ["1/3"], "normal"'),
      '"reductions" must be a list of numbers, got ["1/3"]',
    ],
    [
      'a reduction between two cells',
      json.replace('"normal"', '"reductions": [1.5], "normal"'),
      'file.json: "reductions" has 1.5; expected parts',
    ],
    [
      'a place of reductions twice',
      json.replace('"normal"', '"reductions": [0.5, 0.5], "normal"'),
      'file.json: "reductions" names 0.5 twice',
    ],
    ['a missing cell', json.replace('"reduce"', '"induce"'), '"reduce" must be {"nodes": '],
    [
      'a cell that is a list',
      json.replace(/"reduce": \{[^}]*\}/, '"reduce": []'),
      '"reduce" must be {"nodes": ',
    ],
    [
      'an edge of three',
      json.replace('["sep_conv_3x3",1]', '["sep_conv_3x3",1,2]'),
      '"normal" must be {"nodes": ',
    ],
    [
      'an input that is text',
      json.replace('["sep_conv_3x3",1]', '["sep_conv_3x3","1"]'),
      '"normal" must be {"nodes": ',
    ],
    [
      'half an input',
      json.replace('["sep_conv_3x3",1]', '["sep_conv_3x3",0.5]'),
      'from 0.5; expected a state from 0 to 1',
    ],
    [
      'an endless input',
      json.replace('["sep_conv_3x3",1]', '["sep_conv_3x3",1e999]'),
      'from Infinity; expected a state',
    ],
    ['an unknown operation', json.replace('sep_conv_3x3', 'toString'), 'the unknown operation "toString"'],
    [
      'a state that does not exist',
      json.replace('[2,3,4,5]', '[2,3,4,6]'),
      'concatenates the state 6; expected states from 0 to 5',
    ],
  ])('refuse %s', (_, text, message) => {
    expect(() => genotypeFromJson(text, 'file.json')).toThrow(message);
    expect(() => genotypeFromJson(text, 'file.json')).toThrow(InputError);
  });

  it('are never anything but read or refused', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      'null',
      '1e999',
      '-1',
      '0.5',
      '""',
      '"__proto__":',
      '\0',
    ];
    fc.assert(
      fc.property(damaged(genotypes.map(genotypeToJson), pieces), (text) =>
        expectSoundOrRefused(() => genotypeFromJson(text)),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the first version', () => {
  const old = json.replace('"version": 2', '"version": 1').replace(/ *"skeleton": "darts",\n/, '');

  it('is read as before', () => {
    expect(old).not.toContain('skeleton');
    expect(genotypeFromJson(old)).toEqual(genotype);
  });
});

describe('the published genotypes', () => {
  it('are those that were published', () => {
    expect(publishedNames()).toEqual(published.map(({ name }) => name));
  });

  it.each(published)('$name is what its authors wrote', ({ name, text }) => {
    expect(loadGenotype(name)).toEqual(parseGenotype(text));
    expect(loadGenotype(name.toUpperCase())).toEqual(parseGenotype(text));
  });
});

describe('loadGenotype', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nas-genotype-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it('takes the text, a file of either form, and the folder of a search', () => {
    const text = formatGenotype(genotype);
    expect(loadGenotype(text)).toEqual(genotype);
    expect(loadGenotype(file('genotype.txt', `${text}\n`))).toEqual(genotype);
    expect(loadGenotype(file('genotype.json', json))).toEqual(genotype);
    expect(loadGenotype(folder)).toEqual(genotype);
  });

  it('names the file in its errors', () => {
    expect(() => loadGenotype(file('broken.json', '{'))).toThrow(
      `${join(folder, 'broken.json')} is not JSON`,
    );
    expect(() => loadGenotype(file('broken.txt', 'Geno'))).toThrow(
      `${join(folder, 'broken.txt')}: expected "Genotype"`,
    );
    expect(() => loadGenotype(tmpdir())).toThrow(
      'holds no genotype.json: is it the folder of a finished search?',
    );
  });

  it('says what there is where a name is unknown', () => {
    expect(() => loadGenotype('darts_v3')).toThrow(
      '"darts_v3" is no genotype, and there is no file or folder of this name: expected the folder of a run, a file, ' +
        'one of darts_v1, darts_v2, pc_darts_cifar, or the text',
    );
    expect(() => loadGenotype('darts_v3')).toThrow(/; did you mean darts_v1\?$/);
    expect(() => loadGenotype('darts_v3')).toThrow(InputError);
  });
});
