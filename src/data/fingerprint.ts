import { crc32 } from 'node:zlib';
import type { Dataset, Split } from './dataset.ts';

/** The CRC-32, in hexadecimal, of all that a run learns from: classes, shape, labels and pixels. */
export function fingerprintOf({ classes, shape, train, test }: Dataset): string {
  const { channels, height, width } = shape;
  const begin = crc32(JSON.stringify([classes, channels, height, width]));
  const after = (crc: number, { labels, images }: Split): number =>
    crc32(images, crc32(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength), crc));
  return [train, test].reduce(after, begin).toString(16);
}
