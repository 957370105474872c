/**
 * Requests whose tensors of FP32 are arrays in JSON, the numbers read from the text into a Float32Array. JSON.parse makes an
 * object of each first, and leaves them to the garbage collector: under load an image's numbers take it twice as long.
 *
 * What is read here is what JSON.parse would give, to the bit; what is written in any other way is left to it.
 */

import { isObject } from '../../objects.ts';
import { backslash, closeArray, openArray, parseObject } from './json.ts';

const key = Buffer.from('"data"');
const [minus, plus, point, zero, comma, colon, exponentSign] = Buffer.from('-+.0,:e') as never as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** Models have few inputs. Of very many small arrays JSON.parse makes less than a typed array each. */
const mostArrays = 64;

/** No tensor of a network is nested deeper. */
const deepest = 8;

/** The numbers of an array, and the length of the arrays at each depth. */
interface Numbers {
  readonly values: Float32Array;
  readonly lengths: readonly number[];
}

/** Where in the text something is read. */
interface Cursor {
  readonly text: Buffer;
  at: number;
}

/**
 * The request, the data of its inputs in Float32Arrays; undefined where it does not consist of FP32 tensors of numbers,
 * flat or nested as their shape says.
 *
 * @throws ProtocolError 400 as `parseObject`
 */
export function parseFloatArrays(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const cursor: Cursor = { text: Buffer.from(body.buffer, body.byteOffset, body.length), at: 0 };
  const { text } = cursor;
  const arrays: Numbers[] = [];
  const rest: Uint8Array[] = [];
  let begin = 0;
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, cursor.at)) {
    cursor.at = at + key.length;
    if (!skip(cursor, colon)) continue; // A text, not a key.
    skipSpace(cursor);
    const start = cursor.at;
    const numbers = arrays.length < mostArrays ? readArray(cursor) : undefined;
    if (!numbers) return undefined;
    rest.push(text.subarray(begin, start), Buffer.from(placeholder(arrays.length)));
    arrays.push(numbers);
    begin = cursor.at;
  }
  if (arrays.length === 0) return undefined;
  const envelope = Buffer.concat([...rest, text.subarray(begin)]);
  // With escapes, what looks like the key may be part of a text, or a key look different.
  if (envelope.includes(backslash)) return undefined;
  return withArrays(parseObject(envelope), arrays);
}

/** What stands for an array in the JSON around it: a text, which nothing may follow that could not follow an array. */
const placeholder = (index: number): string => `"${index}"`;

/** Puts the arrays where their numbers stand. undefined where one of them is not the data of an FP32 input. */
function withArrays(
  request: Readonly<Record<string, unknown>>,
  arrays: readonly Numbers[],
): Readonly<Record<string, unknown>> | undefined {
  const { inputs } = request;
  if (!Array.isArray(inputs) || inputs.length !== arrays.length) return undefined;
  const filled = inputs.map((input: unknown, i) => {
    const { values, lengths } = arrays[i] as Numbers;
    const isWhole =
      isObject(input) && input.datatype === 'FP32' && placeholder(i) === JSON.stringify(input.data);
    return isWhole && isNestedAs(lengths, input.shape) ? { ...input, data: values } : undefined;
  });
  return filled.includes(undefined) ? undefined : { ...request, inputs: filled };
}

/** Flat numbers may be of any shape. */
const isNestedAs = (lengths: readonly number[], shape: unknown): boolean =>
  lengths.length === 1 ||
  (Array.isArray(shape) &&
    shape.length === lengths.length &&
    lengths.every((length, depth) => shape[depth] === length));

/** Reads an array of one number or more, flat or of arrays that are as long as one another; undefined for anything else. */
function readArray(cursor: Cursor): Numbers | undefined {
  const depth = skipAll(cursor, openArray, deepest);
  if (depth === 0) return undefined;
  let values = new Float32Array(4096);
  let count = 0;
  /** How many members the open array of each depth has so far, and those of its first one in the end. */
  const members: number[] = Array(depth).fill(0);
  const lengths: number[] = Array(depth).fill(0);
  for (;;) {
    const start = count;
    do {
      if (count === values.length) {
        const larger = new Float32Array(2 * count);
        larger.set(values);
        values = larger;
      }
      skipSpace(cursor);
      const value = readFloat(cursor);
      if (!Number.isFinite(value)) return undefined;
      values[count++] = value;
    } while (skip(cursor, comma));
    members[depth - 1] = count - start;
    // What ends here, from the row of numbers outwards, until something follows.
    let open = depth;
    do {
      if (!skip(cursor, closeArray)) return undefined;
      open -= 1;
      lengths[open] ||= members[open] as number;
      if (members[open] !== lengths[open]) return undefined;
      if (open === 0) return { values: values.slice(0, count), lengths };
      members[open] = 0;
      members[open - 1] = (members[open - 1] as number) + 1;
    } while (!skip(cursor, comma));
    if (skipAll(cursor, openArray, depth - open) !== depth - open) return undefined;
  }
}

/** Powers of ten that a double is exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/**
 * How far, relatively, the product of the first 16 digits and a power of ten may be off: 10⁻¹⁵ for the digits left out, and
 * half a unit in the last place of a double each for digits and power.
 */
const uncertainty = 2e-15;

/**
 * A number by JSON's grammar, rounded to a double and then to single precision; NaN where there is none.
 *
 * Its first 16 significant digits times a power of ten are rounded at once, which gives the same wherever the uncertainty does
 * not reach to where rounding would change (Clinger, How to read floating point numbers accurately, 1990).
 */
function readFloat(cursor: Cursor): number {
  const { text, at: begin } = cursor;
  const negative = text[begin] === minus;
  const first = negative ? begin + 1 : begin;
  const number = { high: 0, low: 0, digits: 0 };
  let at = readDigits(text, first, number);
  if (at === first || (at > first + 1 && text[first] === zero)) return Number.NaN;
  let places = 0;
  if (text[at] === point) {
    const fraction = at + 1;
    at = readDigits(text, fraction, number);
    places = at - fraction;
    if (places === 0) return Number.NaN;
  }
  cursor.at = at;
  const exponent = readExponent(cursor);
  const { high, low, digits } = number;
  const power = exponent - places + Math.max(0, digits - 16);
  const significand = digits <= 8 ? high : high * (powers[Math.min(digits, 16) - 8] as number) + low;
  if (Math.abs(power) < powers.length) {
    const scale = powers[Math.abs(power)] as number;
    const value = power < 0 ? significand / scale : significand * scale;
    const rounded = Math.fround(value);
    const certain =
      Math.fround(value * (1 - uncertainty)) === rounded &&
      Math.fround(value * (1 + uncertainty)) === rounded;
    if (certain) return negative ? -rounded : rounded;
  }
  return Number.isNaN(exponent) ? Number.NaN : Math.fround(Number(text.toString('latin1', begin, cursor.at)));
}

/** The first 8 significant digits of a number, the next 8, and how many there are in all. */
interface Significand {
  high: number;
  low: number;
  digits: number;
}

/** Adds the digits that come next, leading zeros left out; where they end. */
function readDigits(text: Uint8Array, begin: number, number: Significand): number {
  let { high, low, digits } = number;
  let at = begin;
  if (digits === 0) while (text[at] === zero) at += 1;
  let digit = (text[at] as number) - zero;
  for (; digits < 8 && digit >= 0 && digit <= 9; digits++) {
    high = (high * 10 + digit) | 0;
    digit = (text[++at] as number) - zero;
  }
  for (; digits < 16 && digit >= 0 && digit <= 9; digits++) {
    low = (low * 10 + digit) | 0;
    digit = (text[++at] as number) - zero;
  }
  for (; digit >= 0 && digit <= 9; digits++) digit = (text[++at] as number) - zero;
  number.high = high;
  number.low = low;
  number.digits = digits;
  return at;
}

/** The exponent behind a number's digits: 0 where there is none, NaN where it is not whole. */
function readExponent(cursor: Cursor): number {
  const { text } = cursor;
  // Upper and lower case differ in one bit.
  if (((text[cursor.at] ?? 0) | 32) !== exponentSign) return 0;
  let at = cursor.at + 1;
  const negative = text[at] === minus;
  if (negative || text[at] === plus) at += 1;
  const first = at;
  let exponent = 0;
  for (; ; at++) {
    const digit = (text[at] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) break;
    exponent = exponent * 10 + digit;
  }
  cursor.at = at;
  if (at === first) return Number.NaN;
  return negative ? -exponent : exponent;
}

/** Goes behind space and the byte where that is what comes next. */
function skip(cursor: Cursor, byte: number): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== byte) return false;
  cursor.at += 1;
  return true;
}

/** Goes behind a byte as often as it comes, at most so many times; how often that was. */
function skipAll(cursor: Cursor, byte: number, most: number): number {
  let times = 0;
  while (times < most && skip(cursor, byte)) times += 1;
  return times;
}

/** JSON's space: blank, tab, line feed, carriage return. */
function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  let byte = text[cursor.at];
  while (byte === 32 || byte === 9 || byte === 10 || byte === 13) {
    cursor.at += 1;
    byte = text[cursor.at];
  }
}
