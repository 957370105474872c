import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianFolder, embeddedFolder, readFashionMnist } from '../../src/data/fashion-mnist.ts';
import { datasetNames, loadDataset } from '../../src/data/load.ts';
import { firstOfEachClass, selectImages } from '../../src/data/select.ts';
import { expectSound, folderWith, greySplit, idxFiles, inputErrorOf } from './support.ts';

const countsOf = (labels: Uint16Array): number[] => {
  const counts = Array<number>(Math.max(...labels) + 1).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
};

describe('embedded', () => {
  it('is the first name', () => expect(datasetNames[0]).toBe('embedded'));

  it('is a balanced subset of Fashion-MNIST', async () => {
    const dataset = await loadDataset('embedded');
    expect(dataset.name).toBe('fashion-mnist-subset');
    expect(dataset.shape).toEqual({ channels: 1, height: 28, width: 28 });
    expect(dataset.classes.at(-1)).toBe('Ankle boot');
    expect(countsOf(dataset.train.labels)).toEqual(Array(10).fill(1000));
    expect(countsOf(dataset.test.labels)).toEqual(Array(10).fill(200));
    expectSound(dataset);
  });

  it('has the checksums in SHA256SUMS', async () => {
    const sums = (await readFile(join(embeddedFolder, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
    expect(sums).toHaveLength(4);
    for (const line of sums) {
      const [sum, name] = line.split('  ') as [string, string];
      const bytes = await readFile(join(embeddedFolder, name));
      expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sum);
    }
  });

  it('has no time of modification in its gzip headers', async () => {
    const bytes = await readFile(join(embeddedFolder, 'train-images-idx3-ubyte.gz'));
    expect(bytes.readUInt32LE(4)).toBe(0);
  });
});

describe('fashion-mnist', () => {
  it('says how to get it when it is not there', async () => {
    const message = await inputErrorOf(readFashionMnist(join(await folderWith({}), 'absent')));
    expect(message).toContain('apt-get install dataset-fashion-mnist');
    expect(message).toContain('give their folder instead of the name');
    const empty = await folderWith({ 'notes.txt': '' });
    expect(await inputErrorOf(readFashionMnist(empty))).toContain(`of Fashion-MNIST in ${empty}, found none`);
  });

  it.runIf(existsSync(debianFolder))('is the whole of which embedded is the beginning', async () => {
    const whole = await loadDataset('fashion-mnist');
    const part = await loadDataset('embedded');
    expect([whole.train.count, whole.test.count]).toEqual([60_000, 10_000]);
    for (const split of ['train', 'test'] as const) {
      const chosen = selectImages(whole[split], firstOfEachClass(whole[split].labels, part[split].count));
      expect(Buffer.compare(chosen.images, part[split].images)).toBe(0);
      expect(chosen.labels).toEqual(part[split].labels);
    }
  });
});

describe('loadDataset', () => {
  it('names what it knows when there is nothing of that name', async () => {
    const message = await inputErrorOf(loadDataset('fashon-mnist'));
    expect(message).toBe(
      'fashon-mnist: expected the name of a data set (embedded, fashion-mnist) or a folder, found neither.',
    );
  });

  it('refuses a file', async () => {
    const folder = await folderWith({ 'images.zip': '' });
    expect(await inputErrorOf(loadDataset(join(folder, 'images.zip')))).toContain(
      'or a folder, found a file',
    );
  });

  it('lists what a folder may hold when it holds none of it', async () => {
    const message = await inputErrorOf(loadDataset(await folderWith({ data_batch_1: '', 'image.png': '' })));
    expect(message.split('\n')).toHaveLength(5);
    for (const kind of ['IDX', 'CIFAR-10, binary', 'CIFAR-100, binary', 'images'])
      expect(message).toContain(`- ${kind}`);
  });

  it('limits the splits, balanced over the classes', async () => {
    const dataset = await loadDataset('embedded', { limit: { train: 100, test: 25 } });
    expect(countsOf(dataset.train.labels)).toEqual(Array(10).fill(10));
    expect(dataset.test.count).toBe(25);
    expect(Math.min(...countsOf(dataset.test.labels))).toBe(2);
    expectSound(dataset);
  });

  it('brings images in memory to another size', async () => {
    const dataset = await loadDataset('embedded', { imageSize: 14, limit: { train: 20, test: 10 } });
    expect(dataset.shape).toEqual({ channels: 1, height: 14, width: 14 });
    expectSound(dataset);
    const original = await loadDataset('embedded', { limit: { train: 20, test: 10 } });
    const mean = (pixels: Uint8Array): number =>
      pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
    expect(mean(dataset.train.images)).toBeCloseTo(mean(original.train.images), -0.5);
    expect(await loadDataset('embedded', { imageSize: 28, limit: { train: 20, test: 10 } })).toEqual(
      original,
    );
  });

  it.each([
    [{ imageSize: 0 }, '--image-size: expected a positive integer, found 0'],
    [{ imageSize: 2.5 }, '--image-size: expected a positive integer, found 2.5'],
    [{ limit: { train: -1 } }, 'limit of training images: expected a positive integer, found -1'],
    [{ limit: { test: Number.NaN } }, 'limit of test images: expected a positive integer, found NaN'],
    [{ imageSize: 100_000 }, 'Give a smaller --image-size'],
  ])('refuses %o', async (options, message) => {
    expect(await inputErrorOf(loadDataset('embedded', options))).toContain(message);
  });

  it('reads a folder given by a relative path', async () => {
    const folder = await folderWith(idxFiles(greySplit(4, 2, 2), greySplit(3, 2, 2), [2, 2]));
    const dataset = await loadDataset(relative(process.cwd(), folder));
    expect(dataset.name).toBe(folder.split('/').at(-1));
  });
});
