import { describe, expect, it } from 'vitest';
import { requireFit } from '../../src/cli/tasks/fit.ts';
import { fingerprintOf } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { numbered } from '../runs/datasets.ts';

const dataset = { ...numbered(4), name: 'pets', classes: ['bird', 'cat', 'dog'] };
const { shape } = dataset;

describe('requireFit', () => {
  it.each([[3], [['bird', 'cat', 'dog']]])('takes a data set of the classes %j', (classes) => {
    requireFit(dataset, { shape, classes }, 'a model');
  });

  it.each([
    [
      { shape, classes: ['bird', 'cow', 'dog'] },
      /calls its class 1 "cow", but the data set pets calls it "cat"/,
    ],
    [{ shape, classes: ['cat', 'bird', 'dog'] }, /calls its class 0 "cat", .* in another order/],
    [{ shape, classes: ['bird', 'cat'] }, /in 2 classes, but the data set pets has .* in 3 classes/],
    [{ shape: { ...shape, height: 99 }, classes: 3 }, /takes images of 99×/],
  ])('refuses one for a model that is made for others: %j', (model, message) => {
    expect(() => requireFit(dataset, model, 'a model')).toThrow(InputError);
    expect(() => requireFit(dataset, model, 'a model')).toThrow(message);
  });
});

describe('fingerprintOf', () => {
  const changed = (change: (bytes: Uint8Array) => void) => {
    const images = dataset.train.images.slice();
    change(images);
    return { ...dataset, train: { ...dataset.train, images } };
  };

  it('is that of the content, not of the name', () => {
    expect(fingerprintOf({ ...dataset, name: 'other' })).toBe(fingerprintOf(dataset));
    expect(fingerprintOf(changed(() => {}))).toBe(fingerprintOf(dataset));
  });

  it.each([
    ['a pixel', changed((images) => images.fill(7, 0, 1))],
    ['a class', { ...dataset, classes: ['bird', 'cat', 'emu'] }],
    ['a label', { ...dataset, test: { ...dataset.test, labels: Uint16Array.of(1, 1, 1, 1) } }],
    [
      'the number of images',
      { ...dataset, train: { ...dataset.train, images: dataset.train.images.slice(1) } },
    ],
  ])('is another where %s is', (_, other) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(dataset));
  });
});
