/**
 * The datatypes of the Open Inference Protocol: how their elements are read from JSON and written to it.
 *
 * JSON has no NaN and no infinities. Written, they become `null` (as `JSON.stringify` has it, and as NumPy reads
 * back as NaN); read, nothing stands for them. 64-bit integers are written with all their digits, which JSON
 * permits; read, those that a JavaScript number may have rounded are refused unless they are strings of digits.
 */

import { fromHalf, halfMax, toHalf } from '../../half.ts';
import { float32Max } from '../../onnx/data-types.ts';
import type { DataType, TensorData } from '../../onnx/ir.ts';
import type { Tensor } from '../tensor.ts';

export interface Datatype {
  /** What the protocol calls it. */
  readonly name: string;
  /** Bytes of an element in binary data; 0: elements have lengths of their own. */
  readonly width: number;
  /** What an element has to be in JSON, for error messages. */
  readonly expects: string;
  zeros(length: number): Tensor['data'];
  /** The elements of all rows in a row. Throws the error that `invalid` makes for the first value that is none. */
  read(
    rows: readonly (readonly unknown[])[],
    length: number,
    invalid: (index: number, value: unknown) => Error,
  ): Tensor['data'];
  /** The elements as JSON texts, separated by commas. */
  write(data: Tensor['data']): string;
}

type Element = number | bigint | string;

/** A row of the table: how to allocate elements, how to read one (`undefined`: the value is none), how to write one. */
function datatype<T extends Element>(
  name: string,
  expects: string,
  zeros: (length: number) => (TensorData | string[]) & { [index: number]: T },
  read: (value: unknown) => T | undefined,
  write: (element: Element) => string = String,
): Datatype {
  const empty = zeros(0);
  return {
    name,
    width: ArrayBuffer.isView(empty) ? empty.BYTES_PER_ELEMENT : 0,
    expects,
    zeros,
    read(rows, length, invalid) {
      const data = zeros(length);
      const elements: { [index: number]: T } = data;
      let index = 0;
      for (const row of rows) {
        for (const value of row) {
          const element = read(value);
          if (element === undefined) throw invalid(index, value);
          elements[index++] = element;
        }
      }
      return data;
    },
    write: (data) => Array.from<Element, string>(data, write).join(','),
  };
}

/** Integers of up to 32 bits, from `min` to `max`. */
const integer = (
  name: string,
  min: number,
  max: number,
  zeros: (length: number) => TensorData & { [index: number]: number },
): Datatype =>
  datatype(name, `an integer from ${min} to ${max}`, zeros, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  );

/** Integers of 64 bits; `wrap` brings any integer into their range. */
const integer64 = (
  name: string,
  range: string,
  wrap: (value: bigint) => bigint,
  zeros: (length: number) => TensorData & { [index: number]: bigint },
): Datatype =>
  datatype(name, `an integer ${range} (a string of digits beyond ±(2^53 - 1))`, zeros, (value) => {
    const exact = typeof value === 'string' ? digits.test(value) : Number.isSafeInteger(value);
    if (!exact) return undefined;
    const element = BigInt(value as string | number);
    return wrap(element) === element ? element : undefined;
  });

const digits = /^-?\d{1,20}$/;

/** Floating-point numbers up to `max` (and what rounds to it, which `round` decides). */
const float = (
  name: string,
  max: number,
  round: (value: number) => number,
  zeros: (length: number) => TensorData & { [index: number]: number },
): Datatype =>
  datatype(
    name,
    `a number from ${-max} to ${max}`,
    zeros,
    (value) => (typeof value === 'number' && Number.isFinite(round(value)) ? value : undefined),
    writeFloat,
  );

const writeFloat = (element: Element): string =>
  Number.isFinite(element) ? (Object.is(element, -0) ? '-0' : String(element)) : 'null';

/**
 * Whether onnxruntime gets the text that it is given: it is handed over as UTF-8 that ends at the first NUL, and
 * half of a surrogate pair has no UTF-8.
 */
export const isWholeText = (text: string): boolean => !text.includes('\0') && !/\p{Surrogate}/u.test(text);

/** The protocol's datatype for every element type of ONNX. */
export const datatypes: Readonly<Record<DataType, Datatype>> = {
  bool: datatype(
    'BOOL',
    'true or false',
    (length) => new Uint8Array(length),
    (value) => (typeof value === 'boolean' ? Number(value) : undefined),
    (element) => String(element !== 0),
  ),
  uint8: integer('UINT8', 0, 2 ** 8 - 1, (length) => new Uint8Array(length)),
  uint16: integer('UINT16', 0, 2 ** 16 - 1, (length) => new Uint16Array(length)),
  uint32: integer('UINT32', 0, 2 ** 32 - 1, (length) => new Uint32Array(length)),
  uint64: integer64(
    'UINT64',
    'from 0 to 2^64 - 1',
    (value) => BigInt.asUintN(64, value),
    (length) => new BigUint64Array(length),
  ),
  int8: integer('INT8', -(2 ** 7), 2 ** 7 - 1, (length) => new Int8Array(length)),
  int16: integer('INT16', -(2 ** 15), 2 ** 15 - 1, (length) => new Int16Array(length)),
  int32: integer('INT32', -(2 ** 31), 2 ** 31 - 1, (length) => new Int32Array(length)),
  int64: integer64(
    'INT64',
    'from -2^63 to 2^63 - 1',
    (value) => BigInt.asIntN(64, value),
    (length) => new BigInt64Array(length),
  ),
  float16: datatype(
    'FP16',
    `a number from ${-halfMax} to ${halfMax}`,
    (length) => new Uint16Array(length),
    (value) =>
      typeof value === 'number' && Number.isFinite(fromHalf(toHalf(value))) ? toHalf(value) : undefined,
    (element) => writeFloat(fromHalf(Number(element))),
  ),
  float32: float('FP32', float32Max, Math.fround, (length) => new Float32Array(length)),
  float64: float('FP64', Number.MAX_VALUE, Number, (length) => new Float64Array(length)),
  string: datatype(
    'BYTES',
    'a string without NUL',
    (length) => new Array<string>(length).fill(''),
    (value) => (typeof value === 'string' && isWholeText(value) ? value : undefined),
    (element) => JSON.stringify(element),
  ),
};
