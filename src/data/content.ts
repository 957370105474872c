/** The bytes of files that may be gzipped and may be damaged. */
import { readFile } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { InputError, messageOf } from '../errors.ts';
import { counted, malformed } from './malformed.ts';

/** A file's content, decompressed as far as it is asked for. */
export interface Content {
  /** An upper bound of the content's length in bytes, known without decompressing it. */
  readonly bound: number;
  /**
   * The content's first `limit` bytes, or all of it where it is shorter.
   *
   * @throws InputError when the file is gzipped and damaged as far as it was read
   */
  first(limit: number): Promise<Uint8Array>;
}

/** Deflate codes at most 258 bytes in 2 bits. */
const deflateRatio = 1032;
/** The most bytes that a gzipped file may unpack to. */
const unpackedLimit = 2 ** 32;

/**
 * Opens a file, gzipped or not; its first two bytes tell, not its name: browsers decompress downloads and keep
 * the `.gz`.
 *
 * @throws InputError when the file cannot be read
 */
export async function openContent(file: string): Promise<Content> {
  const bytes = await readBytes(file);
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return gzipped
    ? {
        bound: Math.min(bytes.length * deflateRatio, unpackedLimit),
        first: (limit) => gunzip(file, bytes, limit),
      }
    : { bound: bytes.length, first: async (limit) => bytes.subarray(0, limit) };
}

/**
 * A file's bytes.
 *
 * @throws InputError when the file cannot be read
 */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${messageOf(error)}.`);
  }
}

/**
 * The lines of a UTF-8 text file, trimmed, without the empty ones.
 *
 * @throws InputError when the file cannot be read
 */
export async function readLines(file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readBytes(file));
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function gunzip(file: string, compressed: Uint8Array, limit: number): Promise<Uint8Array> {
  const stream = createGunzip({ chunkSize: 2 ** 18 });
  stream.end(compressed);
  const decompressed: AsyncIterable<Uint8Array> = stream;
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of decompressed) {
      chunks.push(chunk);
      length += chunk.length;
      // Returning destroys the stream: what lies behind the limit is never decompressed.
      if (length >= limit) return Buffer.concat(chunks, limit);
    }
  } catch (error) {
    const place = `byte ${stream.bytesWritten} of ${compressed.length}`;
    throw new InputError(
      `${file}: the gzip stream is damaged at or before ${place} (${messageOf(error)}), after ${length} decompressed bytes.`,
    );
  }
  if (stream.bytesWritten < compressed.length) {
    const rest = counted(compressed.length - stream.bytesWritten, 'more byte');
    throw malformed({ file, offset: stream.bytesWritten }, 'the end of the file after its gzip stream', rest);
  }
  return Buffer.concat(chunks, length);
}
