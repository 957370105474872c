/**
 * Arrays in the safetensors format (github.com/huggingface/safetensors): an 8-byte little-endian header length, a
 * JSON header {name: {dtype, shape, data_offsets}, __metadata__: {string: string}}, then the data. Only F32 here.
 */

import { readFileSync } from 'node:fs';
import { InputError, messageOf } from '../errors.ts';
import { isObject, isWhole } from '../objects.ts';
import { writeWhole } from './files.ts';

export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface ArrayFile {
  readonly arrays: Readonly<Record<string, NamedArray>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export function writeArrays(path: string, { arrays, metadata }: ArrayFile): void {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  // The format asks for data aligned to 8 bytes; spaces pad the header.
  const json = JSON.stringify(header);
  const text = Buffer.from(json + ' '.repeat(-Buffer.byteLength(json) & 7));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = Object.values(arrays).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  writeWhole(path, Buffer.concat([length, text, ...parts]));
}

interface Entry {
  readonly dtype: 'F32';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
}

const areSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => isWhole(size, 0));

/** Whether a header's value describes an array that lies within `length` bytes of data. */
function isEntry(value: unknown, length: number): value is Entry {
  if (!isObject(value) || value.dtype !== 'F32' || !areSizes(value.shape)) return false;
  if (!areSizes(value.data_offsets) || value.data_offsets.length !== 2) return false;
  const [from, to] = value.data_offsets as [number, number];
  return to <= length && to - from === 4 * value.shape.reduce((a, b) => a * b, 1);
}

/** @throws InputError naming the file and offset where it is missing, truncated or of another kind */
export function readArrays(path: string): ArrayFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new InputError(`cannot read ${path}: ${messageOf(error)}`);
  }
  const refuse = (problem: string): never => {
    throw new InputError(`${path} is not a whole safetensors file: ${problem}`);
  };
  if (bytes.length < 8) refuse(`expected 8 bytes of header length at offset 0, got ${bytes.length}`);
  const headerLength = bytes.readBigUInt64LE(0);
  if (headerLength > BigInt(bytes.length - 8)) {
    refuse(`the header of ${headerLength} bytes at offset 8 ends after the file's ${bytes.length} bytes`);
  }
  const begin = 8 + Number(headerLength);
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8', 8, begin));
  } catch (error) {
    refuse(`the header at offset 8 is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(header)) return refuse('the header at offset 8 is not a JSON object');
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((text) => typeof text === 'string')) {
    refuse('the metadata in the header at offset 8 are not texts');
  }
  const arrays = Object.entries(entries).map(([name, entry]): [string, NamedArray] => {
    if (!isEntry(entry, bytes.length - begin)) {
      return refuse(
        `the array ${name}, ${JSON.stringify(entry)}, does not fit the data from offset ${begin}`,
      );
    }
    const { shape, data_offsets } = entry;
    const [from, to] = data_offsets;
    const data = new Float32Array((to - from) / 4);
    new Uint8Array(data.buffer).set(bytes.subarray(begin + from, begin + to));
    return [name, { shape, data }];
  });
  return { arrays: Object.fromEntries(arrays), metadata: metadata as Record<string, string> };
}
