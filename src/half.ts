/** IEEE 754 half precision: JavaScript has no such number before Node 24. */

const scratch = new DataView(new ArrayBuffer(8));
const infinityBits = 0x7c00;

/** The largest finite half-precision number. */
export const halfMax = 65504;

/** The bits of the half-precision number nearest to x; ties go to the even one, as the standard says. */
export function toHalf(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  const sign = (high >>> 16) & 0x8000;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return sign | 0x7e00;
  if (size >= halfMax + 16) return sign | infinityBits;
  // Numbers below 2^-14 are subnormal and share the spacing of the smallest normal ones.
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, -14);
  const significand = roundToEven(size / 2 ** (exponent - 10));
  // The significand's leading bit carries into the exponent, so subnormals and rounding up need no cases.
  return sign | (((exponent + 14) << 10) + significand);
}

/** The number that half-precision bits stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (fraction + 1024) * 2 ** (exponent - 25);
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
