/** Reads request bodies, of limited size whatever their headers say. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { errors } from './protocol/errors.ts';

type Decoder = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

/** The encodings that a body may have; its decoded size is limited while it is decoded. */
const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  deflate: promisify<Buffer, ZlibOptions, Buffer>(inflate),
};

/** The decoder of a request's Content-Encoding; undefined where it has none. Throws a 415 for one that is unknown. */
export function decoderOf({ 'content-encoding': encoding = '' }: IncomingHttpHeaders): Decoder | undefined {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return undefined;
  const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
  if (!decoder) throw errors.unsupportedEncoding(encoding);
  return decoder;
}

/**
 * A request's whole body, decoded.
 *
 * @param limit bytes, as sent and as decoded
 * @throws ProtocolError 413 beyond the limit, 415 for an unknown encoding, 400 for a damaged one
 */
export async function readBody(
  stream: Readable,
  headers: IncomingHttpHeaders,
  limit: number,
): Promise<Buffer> {
  const decoder = decoderOf(headers);
  const body = await collect(stream, headers, limit);
  if (!decoder) return body;
  try {
    return await decoder(body, { maxOutputLength: limit });
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLarge
      ? errors.tooLarge(limit)
      : errors.badEncoding(String(headers['content-encoding']), messageOf(error));
  }
}

/**
 * Bytes beyond the limit that are read of a body that is refused. A client that is still sending when its connection is
 * closed never sees the answer (RFC 9112, section 9.6), so it is heard out; one that goes on beyond that is cut off.
 */
const patience = 64 * 2 ** 20;

/** Whether a client waits to be told to send a body, and is to be refused at once: it is too large. */
export const isRefusedUnsent = ({ expect, 'content-length': length }: IncomingHttpHeaders, limit: number) =>
  expect !== undefined && Number(length ?? 0) > limit;

function collect(stream: Readable, headers: IncomingHttpHeaders, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const declared = Number(headers['content-length'] ?? 0);
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (): void => reject(errors.tooLarge(limit));
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit + patience) refuse();
      else if (size > limit) chunks.length = 0;
      else if (declared <= limit) chunks.push(chunk);
    });
    stream.on('end', () => {
      if (size > limit) refuse();
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    });
    stream.on('error', () => reject(errors.incomplete()));
    stream.on('close', () => {
      if (!stream.readableEnded) reject(errors.incomplete());
    });
    if (declared > limit + patience || isRefusedUnsent(headers, limit)) refuse();
  });
}
