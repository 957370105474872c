import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../src/half.ts';

const isNotANumber = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

describe('half precision', () => {
  it('reads back every number that there is', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      if (isNotANumber(bits)) expect(fromHalf(bits)).toBeNaN();
      else if (toHalf(fromHalf(bits)) !== bits) expect.fail(`0x${bits.toString(16)}`);
    }
  });

  it('rounds to the nearest, ties to even, between any two neighbours', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const middle = (low + high) / 2;
      const gap = (high - low) / 1000;
      const got = [toHalf(middle - gap), toHalf(middle), toHalf(middle + gap)];
      const even = bits % 2 === 0 ? bits : bits + 1;
      if (got.join() !== [bits, even, bits + 1].join()) expect.fail(`0x${bits.toString(16)}: ${got}`);
    }
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e300, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [-0, 0x8000],
    [5e-324, 0],
    [Number.NaN, 0x7e00],
  ])('writes %d as bits %i', (number, bits) => {
    expect(toHalf(number)).toBe(bits);
  });
});
