import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CifarVersion, cifar10, cifar100 } from '../../src/data/cifar.ts';
import { loadDataset } from '../../src/data/load.ts';
import { bytesOf, damaged, expectSoundOrRefused, folderWith, inputErrorOf, write } from './support.ts';

const classes = ['airplane', 'automobile', 'bird'];

/** A record with the given fine label; its pixels are those of `bytesOf(3072, seed)`. */
const record = (version: CifarVersion, label: number, seed: number): Uint8Array =>
  Buffer.concat([
    version.labelBytes === 1 ? Uint8Array.of(label) : Uint8Array.of(19, label),
    bytesOf(3072, seed),
  ]);

/** All files of a version, two records each, the labels counting through the classes. */
function filesOf(version: CifarVersion): Record<string, Uint8Array> {
  const data = [...version.train, ...version.test].map((name, i) => {
    const records = [2 * i, 2 * i + 1].map((seed) => record(version, seed % classes.length, seed));
    return [name, Buffer.concat(records)] as const;
  });
  return { ...Object.fromEntries(data), [version.classes]: Buffer.from(`${classes.join('\n')}\n\n`) };
}

describe.each([
  ['CIFAR-10', cifar10, 10],
  ['CIFAR-100', cifar100, 2],
] as const)('%s', (_, version, trainCount) => {
  const valid = filesOf(version);
  const size = version.labelBytes + 3072;
  const [first] = version.train as [string];

  it('is read: planes, labels, class names, batches in order', async () => {
    const dataset = await loadDataset(await folderWith(valid));
    expect(dataset.shape).toEqual({ channels: 3, height: 32, width: 32 });
    expect(dataset.classes).toEqual(classes);
    expect([dataset.train.count, dataset.test.count]).toEqual([trainCount, 2]);
    expect([...dataset.train.labels]).toEqual(Array.from({ length: trainCount }, (_, i) => i % 3));
    expect([...dataset.test.labels]).toEqual([trainCount % 3, (trainCount + 1) % 3]);
    for (let i = 0; i < trainCount; i++) {
      const image = dataset.train.images.subarray(i * 3072, (i + 1) * 3072);
      expect(Buffer.compare(image, bytesOf(3072, i))).toBe(0);
    }
  });

  const { [first]: content = new Uint8Array(0), ...others } = valid;
  const faults: Readonly<Record<string, readonly [files: Record<string, Uint8Array>, message: string]>> = {
    'a missing file': [others, `${first}: cannot be read: ENOENT`],
    'an empty file': [
      { ...valid, [first]: new Uint8Array(0) },
      `${first}: byte 0: expected a record of ${size} bytes, found an empty file`,
    ],
    'a truncated file': [
      { ...valid, [first]: content.subarray(0, size + 100) },
      `${first}: byte ${size}: expected a record of ${size} bytes, found 100 bytes`,
    ],
    'trailing bytes': [
      { ...valid, [first]: Buffer.concat([content, Uint8Array.of(1)]) },
      `${first}: byte ${2 * size}: expected a record of ${size} bytes, found 1 byte`,
    ],
    'a label out of range': [
      { ...valid, [first]: Buffer.concat([record(version, 0, 1), record(version, 3, 1)]) },
      `${first}: byte ${size + version.labelBytes - 1}: expected a label from 0 to 2, found 3`,
    ],
    'no class names': [
      { ...valid, [version.classes]: new Uint8Array(0) },
      'expected at least 2 classes, found 0 class names',
    ],
  };
  it.each(Object.entries(faults))('is refused with %s', async (_, [files, message]) => {
    expect(await inputErrorOf(loadDataset(await folderWith(files)))).toContain(message);
  });

  it('is read or refused, never more, when damaged', async () => {
    const folder = await folderWith({});
    await fc.assert(
      fc.asyncProperty(damaged(valid), async (files) => {
        await write(folder, files);
        await expectSoundOrRefused(loadDataset(folder));
      }),
    );
  });
});
