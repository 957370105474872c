/** JSON bodies, of limited depth. */

import { isObject } from '../../objects.ts';
import { errors, show } from './errors.ts';

/** How deep arrays and objects may lie in one another: tensors have few dimensions. */
const depthLimit = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a body that has to be a JSON object. Throws a 400 that says what it is instead. */
export function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  if (body.length === 0) throw errors.invalid('body', 'a JSON object', 'nothing');
  requireShallow(body);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    // The parser's own message is left out: it quotes the body.
    throw errors.invalid('body', 'a JSON object', 'text that is not JSON in UTF-8');
  }
  if (isObject(value)) return value;
  throw errors.invalid('body', 'a JSON object', show(value));
}

export const [backslash, openArray, closeArray] = Buffer.from('\\[]') as never as [number, number, number];
const [quote, openObject, closeObject] = Buffer.from('"{}') as never as [number, number, number];

/**
 * Refuses what is nested too deep, before the parser builds it. Most bodies do not open as many arrays and objects
 * as may lie in one another, which is known at the speed of memory; only the others are read byte by byte.
 */
function requireShallow(body: Uint8Array): void {
  if (openersWithin(body, depthLimit)) return;
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === quote) i = endOfText(body, i);
    else if (byte === openArray || byte === openObject) {
      depth += 1;
      if (depth > depthLimit) throw errors.tooDeep(depthLimit);
    } else if (byte === closeArray || byte === closeObject) depth -= 1;
  }
}

function openersWithin(body: Uint8Array, limit: number): boolean {
  let count = 0;
  for (const opener of [openArray, openObject]) {
    let at = body.indexOf(opener);
    while (at >= 0) {
      count += 1;
      if (count > limit) return false;
      at = body.indexOf(opener, at + 1);
    }
  }
  return true;
}

/** Where the text that begins at a quote ends. */
function endOfText(body: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < body.length && body[i] !== quote) i += body[i] === backslash ? 2 : 1;
  return i;
}
