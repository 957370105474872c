/**
 * Tensors in JSON: `{name, datatype, shape, data}`, the data nested as the shape says or flat, row-major; or in bytes
 * elsewhere.
 */

import { sizeOf, type Tensor, type TensorSignature } from '../tensor.ts';
import { decodeBytes } from './binary.ts';
import { datatypes } from './datatypes.ts';
import { errors, show } from './errors.ts';

/** A member of a request's `inputs`, whose name is known to be a string and nothing else known yet. */
export interface TensorObject {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** A signature's shape as the protocol writes it: a size known only at run time is -1. */
export const shapeIn = ({ shape }: Pick<TensorSignature, 'shape'>): number[] =>
  shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));

/**
 * The tensor that a request's JSON object describes. Throws a 400 unless it is what the signature says.
 *
 * @param object its data, if it is FP32, perhaps read already: a Float32Array, which is taken over
 * @param bytes its data, where they are not in the JSON
 */
export function decodeTensor(object: TensorObject, signature: TensorSignature, bytes?: Uint8Array): Tensor {
  const where = `input ${show(object.name)}`;
  const { name, expects, read } = datatypes[signature.dtype];
  if (object.datatype !== name) {
    throw errors.invalid(where, `datatype ${name}`, `datatype ${show(object.datatype)}`);
  }
  const shape = decodeShape(object.shape, signature, where);
  if (bytes) return decodeBytes(bytes, signature.dtype, shape, where);
  if (object.data instanceof Float32Array) {
    requireSize(object.data, shape, where);
    return { dtype: signature.dtype, shape, data: object.data };
  }
  const rows = rowsOf(object.data, shape, where);
  const data = read(rows, sizeOf(shape), (index, value) =>
    errors.invalid(where, `${expects} as ${name}`, `${show(value)} at element ${index}`),
  );
  return { dtype: signature.dtype, shape, data };
}

/** Elements that are written in a part: less than a millisecond or two, and far from the longest text there is. */
const partLength = 8192;

/** A tensor as JSON text, its data flat, in parts: the data may be many. */
export function* encodeTensor(name: string, { dtype, shape, data }: Tensor): Generator<string> {
  const datatype = datatypes[dtype];
  const start = JSON.stringify({ name, datatype: datatype.name, shape });
  let before = `${start.slice(0, -1)},"data":[`;
  for (let at = 0; at < data.length; at += partLength) {
    const end = at + partLength;
    const part = at === 0 && data.length <= end ? data : data.slice(at, end);
    yield before + datatype.write(part);
    before = ',';
  }
  yield data.length === 0 ? `${before}]}` : ']}';
}

/** The product of its other lengths, at most, where a tensor has a length of 0. */
const largestEmpty = 2 ** 26;

/**
 * With a length of 0, as a decoder's cache of what came before has at first, a tensor has no elements whatever its other
 * lengths are: these are limited, or a request of a few bytes could make the model allocate gigabytes. There is no batch of 0.
 */
function decodeShape(value: unknown, signature: TensorSignature, where: string): number[] {
  const isLength = (length: unknown, i: number): length is number =>
    Number.isSafeInteger(length) && Number(length) >= (i === 0 ? 1 : 0);
  if (!Array.isArray(value) || !value.every(isLength)) {
    const got = Array.isArray(value) ? `[${value.map(show).join(', ')}]` : show(value);
    throw errors.invalid(where, 'shape to be an array of whole numbers, the first from 1', got);
  }
  if (value.includes(0)) {
    const others = sizeOf(value.filter((length) => length > 0));
    if (others > largestEmpty) {
      throw errors.invalid(
        where,
        `lengths beside 0 of at most ${largestEmpty} together`,
        JSON.stringify(value),
      );
    }
  }
  const expected = shapeIn(signature);
  // An empty shape may stand for an undeclared rank: see TensorSignature.
  const fits =
    expected.length === 0 ||
    (expected.length === value.length && expected.every((length, i) => length === -1 || length === value[i]));
  if (!fits) throw errors.invalid(where, `shape ${JSON.stringify(expected)}`, JSON.stringify(value));
  return value;
}

/**
 * The innermost rows of tensor data: flat data is one row. Whether every length agrees with the shape is known
 * here, before anything is allocated for the elements, so no request can ask for more memory than it brings.
 */
function rowsOf(data: unknown, shape: readonly number[], where: string): (readonly unknown[])[] {
  if (!Array.isArray(data)) throw errors.invalid(where, 'data to be an array', show(data));
  if (Array.isArray(data[0])) return nestedRows(data, shape, where);
  requireSize(data, shape, where);
  return [data];
}

function requireSize(data: ArrayLike<unknown>, shape: readonly number[], where: string): void {
  const size = sizeOf(shape);
  if (data.length === size) return;
  const expected = `${size} elements of data for shape ${JSON.stringify(shape)}`;
  throw errors.invalid(where, expected, `${data.length}`);
}

/** Level by level rather than by recursion: a client chooses how deep its arrays are. */
function nestedRows(
  data: readonly unknown[],
  shape: readonly number[],
  where: string,
): (readonly unknown[])[] {
  let rows: (readonly unknown[])[] = [data];
  shape.forEach((length, depth) => {
    const level: readonly unknown[] = depth === 0 ? rows : rows.flat();
    rows = level.map((row) => {
      if (Array.isArray(row) && row.length === length) return row;
      const expected = `arrays of ${length} at depth ${depth + 1} of data for shape ${JSON.stringify(shape)}`;
      throw errors.invalid(where, expected, show(row));
    });
  });
  return rows;
}
