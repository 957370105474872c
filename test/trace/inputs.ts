/** The operands of a row: shapes, and where their numbers come from. */
import type { Random } from '../../src/random.ts';

export interface Input {
  /** As the function sees it. */
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** Whether it comes as [N, C, H, W] and is transposed, as networks do with their images. */
  readonly isImage?: boolean;
  /** The element at a place in row-major order. */
  readonly draw: (random: Random, place: number) => number;
}

const floats =
  (draw: Input['draw']) =>
  (...shape: number[]): Input => ({ shape, dtype: 'float32', draw });

export const normal = floats((random) => random.normal());
export const positive = floats((random) => 0.5 + random.uniform());
/** From −0.9 to 0.9. */
export const small = floats((random) => 1.8 * random.uniform() - 0.9);
/** Numbers that lie apart, so that a small step changes no order: for finite differences of extremes. */
export const apart = floats((_, place) => ((place * 7919) % 997) / 500 - 1);
/** Few different numbers, so that there are equal ones. */
export const ties = floats((random) => random.integer(4) - 1);

export const integers = (low: number, high: number, ...shape: number[]): Input => ({
  shape,
  dtype: 'int32',
  draw: (random) => low + random.integer(high - low),
});

export const bools = (...shape: number[]): Input => ({
  shape,
  dtype: 'bool',
  draw: (random) => random.integer(2),
});

/** The given numbers. */
export const given = (
  elements: readonly number[],
  dtype: Input['dtype'] = 'float32',
  shape = [elements.length],
): Input => ({
  shape,
  dtype,
  draw: (_, place) => elements[place] as number,
});

/** An image [N, H, W, C]; channels in multiples of 16 can be blocked. */
export const image = (n: number, h: number, w: number, c: number, numbers = normal): Input => ({
  ...numbers(n, h, w, c),
  isImage: true,
});
