import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/image.ts';
import type { Split } from '../../src/data/index.ts';
import { sampleFiles } from '../../src/export/samples.ts';

const shape = { channels: 3, height: 4, width: 5 };
const size = 60;
const splitOf = (labels: number[]): Split => ({
  count: labels.length,
  images: Uint8Array.from({ length: labels.length * size }, (_, i) => (i * 7919) % 251),
  labels: Uint16Array.from(labels),
});

describe('samples', () => {
  it('are the first test image of each class that has one, to the bit, named by it', async () => {
    const test = splitOf([2, 2, 0, 1, 0]);
    const classes = ['T-shirt/top', 'grün & blau', '…', 'absent'];
    const files = await sampleFiles({ classes, shape, test });
    expect(files.map(({ name }) => name)).toEqual(['class-2.png', 't-shirt-top.png', 'grün-blau.png']);
    for (const [i, at] of [0, 2, 3].entries()) {
      const pixels = await decodeImage(files[i]?.bytes ?? new Uint8Array(), shape, 'it');
      expect([...pixels]).toEqual([...test.images.subarray(at * size, (at + 1) * size)]);
    }
  });

  it('are one a class, whatever its name, and as many as the page shows', async () => {
    const labels = Array.from({ length: 100 }, (_, i) => i);
    const classes = labels.map((label) => (label < 2 ? `same${'!'.repeat(label)}` : `c${label}`));
    const names = (await sampleFiles({ classes, shape, test: splitOf(labels) })).map(({ name }) => name);
    expect(names).toHaveLength(24);
    expect(names.slice(0, 3)).toEqual(['same.png', 'same-1.png', 'c2.png']);
  });

  it('have names that a file system takes', async () => {
    const classes = ['a', 'b'].map((last) => `${'𐐨'.repeat(200)}${last}`);
    const names = (await sampleFiles({ classes, shape, test: splitOf([0, 1]) })).map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThan(255);
  });
});
