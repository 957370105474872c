import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeIdx, readIdx } from '../../src/data/idx.ts';
import { loadDataset } from '../../src/data/load.ts';
import {
  damaged,
  expectSoundOrRefused,
  folderWith,
  greySplit,
  idxFiles,
  inputErrorOf,
  type Naming,
  write,
} from './support.ts';

const train = greySplit(7, 4, 5);
const test = greySplit(3, 4, 5);
const valid = idxFiles(train, test, [4, 5]);
const zipped = idxFiles(train, test, [4, 5], { gz: true });

describe('readIdx', () => {
  it('reads what encodeIdx wrote, plain and gzipped', async () => {
    const folder = await folderWith({});
    const arrays = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }).chain((sizes) => {
      const length = sizes.reduce((product, size) => product * size, 1);
      return fc.record({
        sizes: fc.constant(sizes),
        elements: fc.uint8Array({ minLength: length, maxLength: length }),
      });
    });
    await fc.assert(
      fc.asyncProperty(arrays, fc.boolean(), async (array, gz) => {
        const bytes = encodeIdx(array);
        await write(folder, { file: gz ? gzipSync(bytes) : bytes });
        const { sizes, elements } = await readIdx(join(folder, 'file'), array.sizes.map(String));
        expect(sizes).toEqual(array.sizes);
        expect(Buffer.compare(elements, array.elements)).toBe(0);
      }),
    );
  });

  const images = valid['train-images-idx3-ubyte'] as Uint8Array;
  const patched = (offset: number, ...bytes: number[]): Uint8Array => {
    const copy = images.slice();
    copy.set(bytes, offset);
    return copy;
  };
  const damagedZip = Uint8Array.from(gzipSync(images));
  damagedZip[damagedZip.length - 8] = (damagedZip[damagedZip.length - 8] as number) ^ 1;
  const faults: Readonly<Record<string, readonly [bytes: Uint8Array, message: string]>> = {
    'an empty file': [
      new Uint8Array(0),
      'byte 0: expected a zero byte, the first of an IDX file, found the end of the file',
    ],
    'a wrong magic number': [
      patched(1, 7),
      'byte 1: expected a zero byte, the second of an IDX file, found 7',
    ],
    'another element type': [patched(2, 0x0d), 'byte 2: expected element type 8 (unsigned byte), found 13'],
    'a wrong dimension count': [
      patched(3, 1),
      'byte 3: expected 3 dimensions (images, rows, columns), found 1',
    ],
    'a truncated header': [
      images.subarray(0, 10),
      'byte 10: expected an IDX header of 16 bytes, found the end of the file',
    ],
    'no rows': [patched(8, 0, 0, 0, 0), 'byte 8: expected a positive number of rows, found 0'],
    'a header that claims too much': [
      patched(4, 255, 255, 255, 255),
      'byte 4: expected 85899345916 bytes for 4294967295 images × 4 rows × 5 columns, found a file that can hold at most 156',
    ],
    'a truncated file': [
      images.subarray(0, 100),
      'byte 4: expected 156 bytes for 7 images × 4 rows × 5 columns, found a file that can hold at most 100',
    ],
    'trailing bytes': [
      Buffer.concat([images, new Uint8Array(3)]),
      'byte 156: expected the end of the file, found more bytes',
    ],
    'a truncated gzip stream': [
      gzipSync(images).subarray(0, 60),
      'the gzip stream is damaged at or before byte 60 of 60',
    ],
    'a damaged gzip stream': [damagedZip, 'incorrect data check'],
    'a gzip stream of a truncated file': [
      gzipSync(images.subarray(0, 100)),
      'byte 100: expected 156 bytes for 7 images × 4 rows × 5 columns, found the end of the file',
    ],
    'a gzip stream with trailing bytes in it': [
      gzipSync(Buffer.concat([images, new Uint8Array(3)])),
      'byte 156: expected the end of the file, found more bytes',
    ],
    'bytes after the gzip stream': [
      Buffer.concat([gzipSync(images), new Uint8Array(3)]),
      'expected the end of the file after its gzip stream, found 3 more bytes',
    ],
    'a gzip stream whose header claims too much': [
      gzipSync(patched(4, 255, 255, 255, 255)),
      'byte 4: expected 85899345916 bytes for 4294967295 images',
    ],
  };
  it.each(Object.entries(faults))('refuses %s', async (_, [bytes, message]) => {
    const folder = await folderWith({ file: bytes });
    const found = await inputErrorOf(readIdx(join(folder, 'file'), ['images', 'rows', 'columns']));
    expect(found).toContain(message);
    expect(found).toContain(join(folder, 'file'));
  });

  it('does not unpack a gzip bomb beyond what its header announces', async () => {
    const bomb = gzipSync(Buffer.concat([images, new Uint8Array(2 ** 28)]));
    const folder = await folderWith({ file: bomb });
    const before = process.memoryUsage().arrayBuffers;
    const message = await inputErrorOf(readIdx(join(folder, 'file'), ['images', 'rows', 'columns']));
    expect(message).toContain('byte 156: expected the end of the file');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
  });

  it('names a file that is not there', async () => {
    expect(await inputErrorOf(readIdx('/nowhere/file', ['labels']))).toContain(
      '/nowhere/file: cannot be read: ENOENT',
    );
  });
});

describe('a folder of IDX files', () => {
  const namings: readonly Naming[] = [
    { mark: '-' },
    { mark: '.' },
    { mark: '-', gz: true },
    { mark: '.', gz: true },
  ];
  it.each(namings)('is read with the naming %o', async (naming) => {
    const dataset = await loadDataset(await folderWith(idxFiles(train, test, [4, 5], naming)));
    expect(dataset.shape).toEqual({ channels: 1, height: 4, width: 5 });
    expect(dataset.classes).toEqual(['0', '1', '2']);
    expect(Buffer.compare(dataset.train.images, train.images)).toBe(0);
    expect(Buffer.compare(dataset.test.images, test.images)).toBe(0);
    expect([...dataset.train.labels]).toEqual([...train.labels]);
    expect([...dataset.test.labels]).toEqual([...test.labels]);
  });

  it('is read when a browser has unpacked the files and kept their names', async () => {
    const unpacked = Object.fromEntries(
      Object.entries(zipped).map(([name, bytes]) => [name, gunzipSync(bytes)]),
    );
    expect((await loadDataset(await folderWith(unpacked))).train.count).toBe(7);
  });

  it('takes its class names from classes.txt', async () => {
    const dataset = await loadDataset(await folderWith({ ...valid, 'classes.txt': 'cat\r\ndog\r\nowl\r\n' }));
    expect(dataset.classes).toEqual(['cat', 'dog', 'owl']);
  });

  const labels = (values: readonly number[]): Uint8Array =>
    encodeIdx({ sizes: [values.length], elements: Uint8Array.from(values) });
  const { 'train-labels-idx1-ubyte': _missing, ...incomplete } = valid;
  const faults: Readonly<
    Record<string, readonly [files: Record<string, Uint8Array | string>, message: string]>
  > = {
    'a missing file': [incomplete, 'expected a file train-labels-idx1-ubyte or train-labels.idx1-ubyte'],
    'fewer labels than images': [
      { ...valid, 'train-labels-idx1-ubyte': labels([0, 1, 2]) },
      'train-labels-idx1-ubyte: byte 4: expected 7 labels, as many as images, found 3',
    ],
    'a test label that no training image has': [
      { ...valid, 't10k-labels-idx1-ubyte': labels([0, 9, 2]) },
      't10k-labels-idx1-ubyte: byte 9: expected a label from 0 to 2, found 9',
    ],
    'a label beyond classes.txt': [
      { ...valid, 'classes.txt': 'cat\ndog\n' },
      'train-labels-idx1-ubyte: byte 10: expected a label from 0 to 1, found 2',
    ],
    'a class name twice': [{ ...valid, 'classes.txt': 'cat\ndog\ncat' }, "found 'cat' twice"],
    'a single class': [
      { ...valid, 'train-labels-idx1-ubyte': labels([0, 0, 0, 0, 0, 0, 0]) },
      'expected at least 2 classes, found 1 class name',
    ],
    'test images of another size': [
      { ...valid, 't10k-images-idx3-ubyte': encodeIdx({ sizes: [3, 5, 4], elements: test.images }) },
      't10k-images-idx3-ubyte: byte 8: expected images of 5×4 as in',
    ],
  };
  it.each(Object.entries(faults))('is refused with %s', async (_, [files, message]) => {
    expect(await inputErrorOf(loadDataset(await folderWith(files)))).toContain(message);
  });

  it.each([
    ['plain', valid],
    ['gzipped', zipped],
  ])('is read or refused, never more, when damaged (%s)', async (_, files) => {
    const folder = await folderWith({});
    await fc.assert(
      fc.asyncProperty(damaged(files), async (content) => {
        await write(folder, content);
        await expectSoundOrRefused(loadDataset(folder));
      }),
      { numRuns: 300 },
    );
  });
});
