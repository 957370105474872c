/** What passes read of constants. */
import type { Value } from '../ir.ts';

export const isConstant = (value: Value | null | undefined): value is Value =>
  value?.source.kind === 'constant';

/** The elements of a constant of floats; undefined for any other value. */
export const floatsOf = (value: Value | null | undefined): Float32Array | undefined =>
  value?.source.kind === 'constant' && value.source.data instanceof Float32Array
    ? value.source.data
    : undefined;

/** The elements of a constant as numbers. */
export const numbersOf = (value: Value | null | undefined): number[] | undefined =>
  value?.source.kind === 'constant' ? Array.from(value.source.data as ArrayLike<number>, Number) : undefined;
