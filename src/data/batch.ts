/** Assembling batches: from the pixels of a split to the values that a network takes. */
import type { Random } from '../random.ts';
import { type Augmentation, type Box, type Changes, drawChanges, unchanged } from './augment.ts';
import { type ImageShape, type Normalization, pixelsOf, type Split } from './dataset.ts';
import { normalizationTables } from './normalization.ts';

/** Images and labels as a training or evaluation step takes them. */
export interface Batch {
  /** Normalised values, row-major [n, channels, height, width]. */
  readonly images: Float32Array;
  /** One class index an image. */
  readonly labels: Int32Array;
}

/** How a batch is made; augmentation needs a source of randomness. */
export type BatchOptions = { readonly normalization: Normalization } & (
  | { readonly augmentation: Augmentation; readonly random: Random }
  | { readonly augmentation?: undefined; readonly random?: Random | undefined }
);

/**
 * Assembles a batch of the images with the given indices, in this order: crop and flip of the raw pixels, then
 * normalisation, then cutout. Equal generators give equal batches.
 *
 * @param indices indices into the split, 0 … count − 1; one may occur several times
 */
export function assembleBatch(
  split: Split,
  shape: ImageShape,
  indices: Int32Array,
  options: BatchOptions,
): Batch {
  const { augmentation, random } = options;
  const tables = normalizationTables(options.normalization);
  const size = pixelsOf(shape);
  const images = new Float32Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    const changes = augmentation === undefined ? unchanged : drawChanges(augmentation, shape, random);
    labels[i] = split.labels[index] as number;
    writeImage(split.images, index * size, images, i * size, shape, tables, changes);
  }
  return { images, labels };
}

function writeImage(
  pixels: Uint8Array,
  from: number,
  values: Float32Array,
  to: number,
  { height, width }: ImageShape,
  tables: readonly Float32Array[],
  changes: Changes,
): void {
  const plane = height * width;
  for (const [channel, table] of tables.entries()) {
    const source = from + channel * plane;
    const target = to + channel * plane;
    for (let y = 0; y < height; y++) {
      const row = y + changes.top;
      const outside = row < 0 || row >= height;
      writeRow(
        pixels,
        outside ? -1 : source + row * width,
        values,
        target + y * width,
        width,
        table,
        changes,
      );
    }
    if (changes.hole !== undefined) clear(values, target, width, changes.hole);
  }
}

/** Writes one row of a channel; `from` is the start of the original row, or −1 for a row of padding. */
function writeRow(
  pixels: Uint8Array,
  from: number,
  values: Float32Array,
  to: number,
  width: number,
  table: Float32Array,
  { left, flipped }: Changes,
): void {
  const padding = table[0] as number;
  if (from < 0) {
    values.fill(padding, to, to + width);
    return;
  }
  // The target columns first … last − 1, counted before the flip, come from the original row.
  const first = Math.min(Math.max(-left, 0), width);
  const last = Math.max(Math.min(width - left, width), first);
  const step = flipped ? -1 : 1;
  let at = flipped ? to + width - 1 : to;
  for (let x = 0; x < first; x++, at += step) values[at] = padding;
  const end = from + last + left;
  for (let i = from + first + left; i < end; i++, at += step)
    values[at] = table[pixels[i] as number] as number;
  for (let x = last; x < width; x++, at += step) values[at] = padding;
}

function clear(values: Float32Array, start: number, width: number, { top, left, bottom, right }: Box): void {
  for (let y = top; y < bottom; y++) values.fill(0, start + y * width + left, start + y * width + right);
}
