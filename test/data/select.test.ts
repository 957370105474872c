import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concurrently } from '../../src/data/concurrently.ts';
import { firstOfEachClass, holdOut, holdOutFifth, selectImages } from '../../src/data/select.ts';
import { random } from '../../src/random.ts';
import { greySplit } from './support.ts';

describe('firstOfEachClass', () => {
  it('takes the first of each class in the original order', () => {
    expect([...firstOfEachClass([0, 0, 0, 1, 1, 2], 3)]).toEqual([0, 3, 5]);
    expect([...firstOfEachClass([0, 0, 0, 1, 1, 2], 5)]).toEqual([0, 1, 3, 4, 5]);
    expect([...firstOfEachClass([0, 1], 9)]).toEqual([0, 1]);
  });

  it('is as balanced as the classes allow', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), fc.integer({ min: 1, max: 50 }), (labels, count) => {
        const chosen = firstOfEachClass(labels, count);
        expect(chosen.length).toBe(Math.min(count, labels.length));
        expect([...chosen]).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        const taken = (label: number): number => chosen.filter((i) => labels[i] === label).length;
        const there = (label: number): number => labels.filter((other) => other === label).length;
        const most = Math.max(...labels.map(taken));
        for (const label of labels)
          expect(taken(label)).toBeGreaterThanOrEqual(Math.min(there(label), most - 1));
      }),
    );
  });
});

describe('selectImages', () => {
  it('copies images and labels', () => {
    const split = greySplit(4, 1, 2);
    const chosen = selectImages(split, Int32Array.of(2, 0));
    expect(chosen.count).toBe(2);
    expect([...chosen.images]).toEqual([...split.images.subarray(4, 6), ...split.images.subarray(0, 2)]);
    expect([...chosen.labels]).toEqual([2, 0]);
  });
});

describe('holdOutFifth', () => {
  it('splits the members in two ordered parts', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.string(), fc.nat(), (count, name, seed) => {
        const members = Array.from({ length: count }, (_, i) => i);
        const { train, test } = holdOutFifth(members, name, seed);
        expect([...train, ...test].sort((a, b) => a - b)).toEqual(members);
        expect(train).toEqual([...train].sort((a, b) => a - b));
        expect(test).toEqual([...test].sort((a, b) => a - b));
        expect(test.length).toBe(count < 2 ? 0 : Math.max(1, Math.round(count / 5)));
        expect(holdOutFifth(members, name, seed)).toEqual({ train, test });
      }),
    );
  });
});

describe('holdOut', () => {
  it('tests on training images that are not trained on, and on no test images', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.double({ min: 0.05, max: 0.95 }),
        fc.nat(),
        (count, fraction, seed) => {
          fc.pre(Math.floor(count * fraction) > 0);
          // The images are told apart by their only pixel; the test set's by its label.
          const pixels = Uint8Array.from({ length: count }, (_, i) => i);
          const train = { count, images: pixels, labels: new Uint16Array(count) };
          const test = { count: 1, images: Uint8Array.of(255), labels: Uint16Array.of(1) };
          const shape = { channels: 1, height: 1, width: 1 };
          const dataset = { name: 'x', classes: ['a', 'b'], shape, train, test };
          const part = holdOut(dataset, fraction, random(seed, 'held-out'));
          expect([...part.train.images, ...part.test.images].sort((a, b) => a - b)).toEqual([...pixels]);
          expect(part.train.count).toBe(Math.floor(count * fraction));
          expect([...part.test.labels]).not.toContain(1);
          expect(holdOut(dataset, fraction, random(seed, 'held-out'))).toEqual(part);
        },
      ),
    );
  });
});

describe('concurrently', () => {
  it('keeps the order and the bound', async () => {
    let [running, most] = [0, 0];
    const results = await concurrently([5, 4, 3, 2, 1, 0], 3, async (item, index) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, item));
      running--;
      return item + 10 * index;
    });
    expect(results).toEqual([5, 14, 23, 32, 41, 50]);
    expect(most).toBe(3);
    expect(await concurrently([], 3, async (item) => item)).toEqual([]);
  });

  it('starts nothing after a failure', async () => {
    const started: number[] = [];
    const task = async (item: number): Promise<void> => {
      started.push(item);
      await Promise.resolve();
      if (item === 1) throw new Error('one');
    };
    await expect(concurrently([0, 1, 2, 3, 4, 5, 6, 7], 2, task)).rejects.toThrow('one');
    expect(started.length).toBeLessThan(6);
  });
});
