/**
 * Tensors in bytes, by the protocol's extension binary_tensor_data: little-endian, row-major, without padding; BOOL
 * is a byte of 0 or 1, an element of BYTES its length as UINT32 and its bytes.
 */

import { endianness } from 'node:os';
import type { DataType } from '../../onnx/ir.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { datatypes, isWholeText } from './datatypes.ts';
import { errors } from './errors.ts';

// Typed arrays have the machine's order of bytes. onnxruntime has no build for another.
if (endianness() !== 'LE') throw new Error('serving needs a little-endian machine');

// A byte order mark is text like any other.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The tensor that some bytes are, in memory of its own. Nothing is allocated before the bytes were found to be there.
 *
 * @param where what messages call the tensor
 * @throws ProtocolError 400 unless the bytes are exactly those of such a tensor
 */
export function decodeBytes(
  bytes: Uint8Array,
  dtype: DataType,
  shape: readonly number[],
  where: string,
): Tensor {
  const { name, width, zeros } = datatypes[dtype];
  const size = sizeOf(shape);
  if (dtype === 'string') return { dtype, shape, data: decodeTexts(bytes, size, where) };
  if (bytes.length !== size * width) {
    const expected = `${size * width} bytes of binary data for ${name} of shape ${JSON.stringify(shape)}`;
    throw errors.invalid(where, expected, String(bytes.length));
  }
  const data = zeros(size) as Exclude<Tensor['data'], readonly string[]>;
  new Uint8Array(data.buffer).set(bytes);
  if (dtype === 'bool') requireBits(bytes, where);
  return { dtype, shape, data };
}

function requireBits(bytes: Uint8Array, where: string): void {
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] ?? 0) > 1)
      throw errors.invalid(where, 'bytes of 0 or 1 as BOOL', `${bytes[i]} at element ${i}`);
  }
}

/** The elements of BYTES, each as its bytes. Throws a 400 unless there are exactly so many. */
export function decodeElements(bytes: Uint8Array, count: number, where: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && elements.length < count) {
    const length = bytes.length - at >= 4 ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (length > bytes.length - at - 4) {
      const got = `${bytes.length - at} bytes for element ${elements.length}`;
      throw errors.invalid(where, 'a length of 4 bytes and as many bytes for each element of BYTES', got);
    }
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (elements.length < count || at < bytes.length) {
    const more = at < bytes.length ? ` and ${bytes.length - at} bytes more` : '';
    throw errors.invalid(where, `${count} elements of BYTES`, `${elements.length}${more}`);
  }
  return elements;
}

const decodeTexts = (bytes: Uint8Array, count: number, where: string): string[] =>
  decodeElements(bytes, count, where).map((element, i) => decodeText(element, `element ${i} of ${where}`));

/** The text that an element of BYTES is. A model takes no others: onnxruntime's strings are text. */
function decodeText(element: Uint8Array, where: string): string {
  let text: string;
  try {
    text = utf8.decode(element);
  } catch {
    throw errors.invalid(where, 'text in UTF-8', 'other bytes');
  }
  if (!isWholeText(text)) throw errors.invalid(where, 'text without NUL', `one of ${element.length} bytes`);
  return text;
}

/** A tensor as bytes. Those of numbers are its own, not a copy. */
export function encodeBytes({ data }: Tensor): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data as readonly string[];
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length + 4, 0));
  let at = 0;
  texts.forEach((text, i) => {
    at = bytes.writeUInt32LE(lengths[i] ?? 0, at);
    at += bytes.write(text, at);
  });
  return bytes;
}
