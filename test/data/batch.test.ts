import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Augmentation } from '../../src/data/augment.ts';
import { assembleBatch } from '../../src/data/batch.ts';
import { type ImageShape, type Normalization, pixelsOf, type Split } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.ts';
import { measureNormalization } from '../../src/data/normalization.ts';
import { type Random, random } from '../../src/random.ts';
import { bytesOf } from './support.ts';

const shapes: fc.Arbitrary<ImageShape> = fc.record({
  channels: fc.constantFrom(1, 3),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
});

const splitOf = (count: number, shape: ImageShape): Split => ({
  count,
  images: bytesOf(count * pixelsOf(shape)),
  labels: Uint16Array.from({ length: count }, (_, i) => i),
});

/** Leaves pixels as they are, so that a test can recognise them. */
const identity = (shape: ImageShape): Normalization => ({
  mean: Array<number>(shape.channels).fill(0),
  std: Array<number>(shape.channels).fill(1 / 255),
});

const indices = Int32Array.of(2, 0, 2);

const assemble = (shape: ImageShape, augmentation?: Augmentation, source = random(1)) => {
  const normalization = identity(shape);
  const options =
    augmentation === undefined ? { normalization } : { normalization, augmentation, random: source };
  return assembleBatch(splitOf(3, shape), shape, indices, options);
};

/** A generator whose integers are given, for one image after another. */
function scripted(...integers: readonly number[]): Random {
  let next = 0;
  return { ...random(0), integer: () => integers[next++ % integers.length] as number };
}

describe('assembleBatch', () => {
  it('takes the images and labels of the indices', () => {
    const shape = { channels: 3, height: 2, width: 2 };
    const { images, labels } = assemble(shape);
    const { images: pixels } = splitOf(3, shape);
    const expected = [2, 0, 2].flatMap((i) => [...pixels.subarray(i * 12, (i + 1) * 12)]);
    expect([...images].map(Math.round)).toEqual(expected);
    expect([...labels]).toEqual([2, 0, 2]);
  });

  it('normalises each channel by itself', () => {
    const split: Split = { count: 1, images: Uint8Array.of(0, 255, 51, 102), labels: Uint16Array.of(0) };
    const normalization = { mean: [0.5, 0.2], std: [0.25, 0.1] };
    const { images } = assembleBatch(split, { channels: 2, height: 1, width: 2 }, Int32Array.of(0), {
      normalization,
    });
    for (const [i, value] of [-2, 2, 0, 2].entries()) expect(images[i]).toBeCloseTo(value, 5);
  });

  it('changes nothing with every augmentation off', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(assemble(shape, { crop: 0, flip: false, cutout: 0 })).toEqual(assemble(shape));
      }),
    );
  });

  it('is determined by the seed', () => {
    const shape = { channels: 3, height: 32, width: 32 };
    const augmentation = { crop: 4, flip: true, cutout: 16 };
    expect(assemble(shape, augmentation, random(7))).toEqual(assemble(shape, augmentation, random(7)));
    expect(assemble(shape, augmentation, random(7))).not.toEqual(assemble(shape, augmentation, random(8)));
  });

  it('flips rows; twice is once too many', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const flipped = assemble(shape, { flip: true }, scripted(1)).images;
        const original = assemble(shape).images;
        const rows = (values: Float32Array): number[][] =>
          Array.from({ length: values.length / shape.width }, (_, i) => [
            ...values.subarray(i * shape.width, (i + 1) * shape.width),
          ]);
        expect(rows(flipped).map((row) => row.reverse())).toEqual(rows(original));
        const again: Split = {
          count: 3,
          images: Uint8Array.from(flipped, Math.round),
          labels: splitOf(3, shape).labels,
        };
        const twice = assembleBatch(again, shape, Int32Array.of(0, 1, 2), {
          normalization: identity(shape),
          augmentation: { flip: true },
          random: scripted(1),
        });
        expect(twice.images).toEqual(original);
      }),
    );
  });

  it('crops out of a black border, at every offset, before it flips', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        (shape, crop, a, b, flip) => {
          const [top, left] = [(a % (2 * crop + 1)) - crop, (b % (2 * crop + 1)) - crop];
          const source = scripted(top + crop, left + crop, flip ? 1 : 0);
          const { images } = assemble(shape, { crop, flip: true }, source);
          const { images: pixels } = splitOf(3, shape);
          const { height, width } = shape;
          const expected = [2, 0, 2].flatMap((index) =>
            Array.from({ length: pixelsOf(shape) }, (_, i) => {
              const plane = index * pixelsOf(shape) + Math.floor(i / (height * width)) * height * width;
              const y = (Math.floor(i / width) % height) + top;
              const x = (flip ? width - 1 - (i % width) : i % width) + left;
              return y >= 0 && y < height && x >= 0 && x < width ? pixels[plane + y * width + x] : 0;
            }),
          );
          expect([...images].map(Math.round)).toEqual(expected);
        },
      ),
    );
  });

  it('pads with raw black, which normalises to less than zero', () => {
    const split: Split = { count: 1, images: Uint8Array.of(200), labels: Uint16Array.of(0) };
    const { images } = assembleBatch(split, { channels: 1, height: 1, width: 1 }, Int32Array.of(0), {
      normalization: { mean: [0.5], std: [0.25] },
      augmentation: { crop: 1 },
      random: scripted(0),
    });
    expect(images[0]).toBe(-2);
  });

  it('cuts one square out of all channels, clipped at the border', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 12 }), fc.nat(), (shape, cutout, seed) => {
        const normalization = { mean: [2, 2, 2], std: [1, 1, 1] };
        // No normalised pixel is 0: what is 0 was cut out.
        const { images } = assembleBatch(splitOf(3, shape), shape, indices, {
          normalization: {
            mean: normalization.mean.slice(0, shape.channels),
            std: normalization.std.slice(0, shape.channels),
          },
          augmentation: { cutout },
          random: random(seed),
        });
        const { height, width } = shape;
        const plane = height * width;
        for (let image = 0; image < 3; image++) {
          const holes = Array.from({ length: shape.channels }, (_, channel) => {
            const start = image * pixelsOf(shape) + channel * plane;
            return Array.from({ length: plane }, (_, i) => i).filter((i) => images[start + i] === 0);
          });
          const [hole = []] = holes;
          for (const other of holes) expect(other).toEqual(hole);
          expect(hole.length).toBeGreaterThan(0);
          expect(hole.length).toBeLessThanOrEqual(cutout ** 2);
          const extent = (values: number[]): number => Math.max(...values) - Math.min(...values) + 1;
          const rows = extent(hole.map((i) => Math.floor(i / width)));
          const columns = extent(hole.map((i) => i % width));
          expect(rows).toBeLessThanOrEqual(cutout);
          expect(columns).toBeLessThanOrEqual(cutout);
          expect(hole.length).toBe(rows * columns);
        }
      }),
    );
  });

  it('draws offsets uniformly and flips every other image', () => {
    const shape = { channels: 1, height: 1, width: 1 };
    const split: Split = { count: 1, images: Uint8Array.of(255), labels: Uint16Array.of(0) };
    const many = new Int32Array(9000);
    const options = { normalization: identity(shape), augmentation: { crop: 1 }, random: random(3) };
    const { images } = assembleBatch(split, shape, many, options);
    // Of the 3 × 3 offsets one keeps the only pixel.
    const kept = images.filter((value) => value > 0).length;
    expect(kept).toBeGreaterThan(900);
    expect(kept).toBeLessThan(1100);
  });
});

describe('measureNormalization', () => {
  it('gives normalised values of mean 0 and deviation 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (pixels) => {
        const shape = { channels: 2, height: 2, width: 2 };
        const split: Split = { count: 3, images: pixels, labels: new Uint16Array(3) };
        const normalization = measureNormalization(split, shape);
        const { images } = assembleBatch(split, shape, Int32Array.of(0, 1, 2), { normalization });
        for (const channel of [0, 1]) {
          const values = [...images].filter((_, i) => Math.floor(i / 4) % 2 === channel);
          const mean = values.reduce((sum, value) => sum + value, 0) / 12;
          const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 12;
          expect(mean).toBeCloseTo(0, 3);
          if (normalization.std[channel] !== 1 / 255) expect(variance).toBeCloseTo(1, 3);
        }
      }),
    );
  });

  it('knows the published figures of Fashion-MNIST, nearly', async () => {
    const { train, shape } = await loadDataset('embedded');
    const { mean, std } = measureNormalization(train, shape);
    expect(mean[0]).toBeCloseTo(0.286, 2);
    expect(std[0]).toBeCloseTo(0.353, 2);
  });

  it('never divides by zero', () => {
    const split: Split = { count: 1, images: new Uint8Array(4).fill(9), labels: Uint16Array.of(0) };
    const { mean, std } = measureNormalization(split, { channels: 1, height: 2, width: 2 });
    expect(mean).toEqual([9 / 255]);
    expect(std).toEqual([1 / 255]);
  });
});
