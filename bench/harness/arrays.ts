/** Parameters, batches and labels in safetensors files, which our contestants and the peers read alike. */
import type { ImageShape } from '../../src/data/index.ts';
import type { ParameterTable } from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import type { NamedArray } from '../../src/runs/safetensors.ts';

export type Arrays = Readonly<Record<string, NamedArray>>;

/** The pieces of a flat vector, named `<kind>/<name>`. */
export const pieces = ({ parameters }: ParameterTable, kind: string, flat: Float32Array): Arrays =>
  Object.fromEntries(
    parameters.map(({ name, shape, offset, size }) => [
      `${kind}/${name}`,
      { shape, data: flat.subarray(offset, offset + size) },
    ]),
  );

/** The inverse of `pieces`. */
export function flatten(table: ParameterTable, kind: string, arrays: Arrays): Float32Array {
  const flat = new Float32Array(table.size);
  for (const { name, offset } of table.parameters) {
    flat.set((arrays[`${kind}/${name}`] as NamedArray).data, offset);
  }
  return flat;
}

/** `<prefix>Images` [count, C, H, W] of N(0, 1) and `<prefix>Labels` [count], seeded. */
export function randomBatch(
  prefix: string,
  count: number,
  { channels, height, width }: ImageShape,
  classes: number,
  seed: number,
): Arrays {
  const generator = random(seed, prefix);
  const shape = [count, channels, height, width];
  const images = Float32Array.from({ length: count * channels * height * width }, () => generator.normal());
  const labels = Float32Array.from({ length: count }, () => generator.integer(classes));
  return {
    [`${prefix}Images`]: { shape, data: images },
    [`${prefix}Labels`]: { shape: [count], data: labels },
  };
}

/** Labels as a step takes them; the file holds floats only. */
export const labelsOf = (labels: Float32Array): Int32Array => Int32Array.from(labels);
