import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggestion } from '../src/suggest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['epoch', 'epochs', 1],
  ] as const)('%s → %s: %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is a metric', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('suggestion', () => {
  const known = ['search', 'retrain', 'export', 'evaluate', 'learning-rate'];
  it.each([
    ['serach', '; did you mean search?'],
    ['eval', '; did you mean evaluate?'],
    ['learningrate', '; did you mean learning-rate?'],
    ['train', '; did you mean retrain?'],
    ['x', ''],
    ['deploy', ''],
  ] as const)('%s%s', (word, text) => {
    expect(suggestion(word, known)).toBe(text);
  });
});
