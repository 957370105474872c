/**
 * The IDX format of MNIST and Fashion-MNIST (http://yann.lecun.com/exdb/mnist, bottom of the page), plain or
 * gzipped: two zero bytes, the element type, the number of dimensions, each dimension's size as a big-endian
 * uint32, then the elements in row-major order.
 */
import { openContent } from './content.ts';
import { malformed } from './malformed.ts';

/** An array of unsigned bytes. */
export interface IdxArray {
  /** The size of each dimension. */
  readonly sizes: readonly number[];
  /** The elements, row-major. */
  readonly elements: Uint8Array;
}

const unsignedByte = 0x08;

/** The bytes before the first element. */
export const headerLength = (dimensions: number): number => 4 + 4 * dimensions;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The bytes of an IDX file. The inverse of `readIdx`. */
export function encodeIdx({ sizes, elements }: IdxArray): Uint8Array {
  const start = headerLength(sizes.length);
  const bytes = new Uint8Array(start + elements.length);
  bytes.set([0, 0, unsignedByte, sizes.length]);
  const view = viewOf(bytes);
  for (const [i, size] of sizes.entries()) view.setUint32(4 + 4 * i, size);
  bytes.set(elements, start);
  return bytes;
}

/**
 * Reads an IDX file of unsigned bytes, gzipped or not. The header is checked against the file's length before
 * anything of the size it claims is allocated.
 *
 * @param dimensions the names of the dimensions, for error messages; the file must have as many
 * @throws InputError that names the file, the byte, what was expected and what was found
 */
export async function readIdx(file: string, dimensions: readonly string[]): Promise<IdxArray> {
  const content = await openContent(file);
  const start = headerLength(dimensions.length);
  const sizes = readHeader(file, await content.first(start), dimensions);
  const length = start + sizes.reduce((product, size) => product * size, 1);
  const expected = `${length} bytes for ${dimensions.map((name, i) => `${sizes[i]} ${name}`).join(' × ')}`;
  if (length > content.bound) {
    throw malformed({ file, offset: 4 }, expected, `a file that can hold at most ${content.bound}`);
  }
  const bytes = await content.first(length + 1);
  if (bytes.length < length) throw malformed({ file, offset: bytes.length }, expected, 'the end of the file');
  if (bytes.length > length) throw malformed({ file, offset: length }, 'the end of the file', 'more bytes');
  return { sizes, elements: bytes.subarray(start) };
}

function readHeader(file: string, bytes: Uint8Array, dimensions: readonly string[]): number[] {
  const magic: readonly (readonly [byte: number, meaning: string])[] = [
    [0, 'a zero byte, the first of an IDX file'],
    [0, 'a zero byte, the second of an IDX file'],
    [unsignedByte, `element type ${unsignedByte} (unsigned byte)`],
    [dimensions.length, `${dimensions.length} dimensions (${dimensions.join(', ')})`],
  ];
  for (const [offset, [byte, meaning]] of magic.entries()) {
    const found = bytes[offset] ?? 'the end of the file';
    if (found !== byte) throw malformed({ file, offset }, meaning, found);
  }
  const length = headerLength(dimensions.length);
  if (bytes.length < length) {
    throw malformed(
      { file, offset: bytes.length },
      `an IDX header of ${length} bytes`,
      'the end of the file',
    );
  }
  const view = viewOf(bytes);
  return dimensions.map((dimension, i) => {
    const offset = 4 + 4 * i;
    const size = view.getUint32(offset);
    if (size === 0) throw malformed({ file, offset }, `a positive number of ${dimension}`, size);
    return size;
  });
}
