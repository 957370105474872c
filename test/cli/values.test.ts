import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kebab, type OptionName, optionOf, sectionOf, sections } from '../../src/cli/options.ts';
import { givenOptions, storedOptions } from '../../src/cli/values.ts';
import { InputError } from '../../src/errors.ts';

const given = (name: OptionName, word: unknown): unknown => givenOptions([name], { [name]: word })[name];

describe('values', () => {
  it.each([
    ['epochs', '50', 50],
    ['epochs', '1e2', 100],
    ['seed', '0', 0],
    ['momentum', '.9', 0.9],
    ['order', '2', 2],
    ['space', 'simple', 'simple'],
    ['port', '0', 0],
    ['flip', false, false],
    ['data', '-', '-'],
  ] as const)('--%s %s is read', (name, word, value) => {
    expect(given(name, word)).toBe(value);
  });

  it.each([
    ['epochs', '0', 'a whole number from 1, got 0'],
    ['epochs', '-1', 'a whole number from 1, got -1'],
    ['epochs', '1.5', 'a whole number from 1, got 1.5'],
    ['epochs', 'NaN', 'a whole number from 1, got NaN'],
    ['epochs', 'many', 'a whole number from 1, got many'],
    ['epochs', ' ', 'a whole number from 1, got  '],
    ['epochs', '1e400', 'a whole number from 1, got Infinity'],
    ['epochs', false, 'a whole number from 1, got false'],
    ['learningRate', '0', 'a number above 0, got 0'],
    ['learningRate', 'Infinity', 'a number above 0, got Infinity'],
    ['momentum', '1', 'a number from 0 to below 1, got 1'],
    ['trainPortion', '0', 'a number between 0 and 1, got 0'],
    ['order', '3', 'one of 1, 2, got 3'],
    ['device', 'gpu', 'one of auto, cpu, cuda, webgpu, got gpu'],
    ['threads', '5000', 'a whole number from 1 to 256, got 5000'],
    ['port', '65536', 'a port from 0 to 65535, got 65536'],
    ['out', '', 'a text, got ""'],
  ] as const)('--%s %s is refused', (name, word, expected) => {
    expect(() => given(name, word)).toThrow(new InputError(`--${kebab(name)} must be ${expected}`));
  });

  it('an option that is given twice is refused', () => {
    expect(() => given('imageSize', ['8', '8'])).toThrow('--image-size is given 2 times; give it once');
  });

  it('options that are not given stay away', () => {
    expect(givenOptions(['epochs', 'data'], { data: 'x' })).toEqual({ data: 'x' });
  });

  it('a number is a number of its kind or refused, whatever the word', () => {
    const names = ['epochs', 'seed', 'momentum', 'learningRate', 'weightDecay', 'trainPortion'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.oneof(fc.string(), fc.double().map(String)), (name, word) => {
        try {
          expect(Number.isFinite(given(name, word))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
    );
  });

  it('values of a file must have the right type already', () => {
    expect(storedOptions(['epochs', 'data'], { epochs: 3, other: 1 }, 'config.json')).toEqual({ epochs: 3 });
    expect(() => storedOptions(['epochs'], { epochs: '3' }, 'config.json')).toThrow(
      'config.json: epochs must be a whole number from 1, got 3',
    );
    expect(() => storedOptions(['epochs'], { epochs: {} }, 'config.json')).toThrow('got {}');
  });
});

describe('the table', () => {
  const names = Object.values(sections).flatMap((options) => Object.keys(options) as OptionName[]);

  it('has each option once, described in the style of the help', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(optionOf(name).describe).toMatch(/^\S.*[^.]$/);
      expect(sections[sectionOf(name) as keyof typeof sections]).toHaveProperty(name);
    }
  });
});
