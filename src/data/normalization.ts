/** Normalisation: pixels to values of mean 0 and standard deviation 1 in each channel. */
import type { ImageShape, Normalization, Split } from './dataset.ts';

/** The number of values of an 8-bit pixel. */
const pixelLevels = 256;

/** One grey level, of pixels scaled to [0, 1]: a channel that varies less is constant. */
const smallestDeviation = 1 / 255;

/**
 * The mean and the standard deviation of each channel's pixels, scaled to [0, 1], over all images of a split
 * (population standard deviation, at least 1/255). Exact but for the rounding of the final sums, as it counts
 * grey levels.
 */
export function measureNormalization(split: Split, shape: ImageShape): Normalization {
  const plane = shape.height * shape.width;
  const statistics = Array.from({ length: shape.channels }, (_, channel) => {
    const histogram = new Float64Array(pixelLevels);
    for (let image = 0; image < split.count; image++) {
      const start = (image * shape.channels + channel) * plane;
      for (let i = start; i < start + plane; i++) {
        const level = split.images[i] as number;
        histogram[level] = (histogram[level] as number) + 1;
      }
    }
    return momentsOf(histogram, split.count * plane);
  });
  return { mean: statistics.map(({ mean }) => mean), std: statistics.map(({ std }) => std) };
}

function momentsOf(histogram: Float64Array, count: number): { mean: number; std: number } {
  const mean = histogram.reduce((sum, times, level) => sum + times * level, 0) / count / 255;
  const variance =
    histogram.reduce((sum, times, level) => sum + times * (level / 255 - mean) ** 2, 0) / count;
  return { mean, std: Math.max(Math.sqrt(variance), smallestDeviation) };
}

/** For each channel the normalised values of the pixels 0 … 255. */
export const normalizationTables = ({ mean, std }: Normalization): Float32Array[] =>
  mean.map((center, channel) => {
    const scale = std[channel] as number;
    return Float32Array.from({ length: pixelLevels }, (_, level) => (level / 255 - center) / scale);
  });
