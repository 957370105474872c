/**
 * The plainest PNG files, some fifty times as fast as by libvips, which begins a pipeline of threads for each image: what
 * matters for a server of small images. Whatever is not plain, or not in order, is left to libvips.
 */
import { crc32, inflateSync } from 'node:zlib';
import type { ImageShape } from './dataset.ts';

/** The signature, and the header's length and name. */
const beginning = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
const headerStart = 8;
/** Chunks that say nothing of the pixels: their size in print, when they were made. */
const beside: readonly string[] = ['pHYs', 'tIME'];
/** Channels by the header's colour type: grey, RGB. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3 };

/**
 * The pixels of a PNG file of exactly this height and width, [height, width, channels] (grey as 3 equal channels where 3
 * are wanted); undefined unless it is 8-bit grey or RGB without interlacing, transparency, profile or damage.
 */
export function decodePlainPng(
  bytes: Uint8Array,
  { channels, height, width }: ImageShape,
): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < 45 || !file.subarray(0, 16).equals(beginning)) return undefined;
  if (file.readUInt32BE(16) !== width || file.readUInt32BE(20) !== height) return undefined;
  const own = channelsOf[file[25] ?? -1];
  // Bits, then the methods of compression, filtering and interlacing.
  const plain = file[24] === 8 && file[26] === 0 && file[27] === 0 && file[28] === 0;
  if (!plain || (own !== channels && own !== 1)) return undefined;
  const compressed = imageData(file);
  const rows = compressed && inflated(compressed, height * (1 + width * own));
  const pixels = rows && unfiltered(rows, height, width * own, own);
  if (!pixels || own === channels) return pixels;
  return Uint8Array.from(
    { length: pixels.length * channels },
    (_, i) => pixels[Math.floor(i / channels)] ?? 0,
  );
}

/** The contents of the IDAT chunks; undefined where a chunk is damaged, or one that is not known to be without effect. */
function imageData(file: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = headerStart; at + 12 <= file.length; ) {
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length || crc32(file.subarray(at + 4, end)) !== file.readUInt32BE(end))
      return undefined;
    const type = file.toString('latin1', at + 4, at + 8);
    if (type === 'IEND') return parts.length === 1 ? parts[0] : Buffer.concat(parts);
    if (type === 'IDAT') parts.push(file.subarray(at + 8, end));
    else if (at > headerStart && !beside.includes(type)) return undefined;
    at = end + 4;
  }
  return undefined;
}

function inflated(data: Buffer, size: number): Buffer | undefined {
  try {
    const rows = inflateSync(data, { maxOutputLength: size });
    return rows.length === size ? rows : undefined;
  } catch {
    return undefined;
  }
}

/** Undoes the rows' filters (PNG specification, section 9); `step` bytes are a pixel. Undefined for an unknown filter. */
function unfiltered(rows: Buffer, height: number, stride: number, step: number): Uint8Array | undefined {
  const pixels = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] ?? 0;
    if (filter > 4) return undefined;
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    for (let x = 0; x < stride; x++) {
      const left = x < step ? 0 : (pixels[to + x - step] as number);
      const above = y === 0 ? 0 : (pixels[to + x - stride] as number);
      const corner = x < step || y === 0 ? 0 : (pixels[to + x - stride - step] as number);
      pixels[to + x] = (rows[from + x] as number) + predicted(filter, left, above, corner);
    }
  }
  return pixels;
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
