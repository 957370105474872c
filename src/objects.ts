/** Values of which nothing is known yet, such as parsed JSON. */
import { InputError, messageOf } from './errors.ts';

/** What an object holds, none of it checked. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * What a text says in JSON; nothing of it is checked.
 *
 * @param where names the text in errors
 * @throws InputError where it is not JSON
 */
export function parseJson(text: string, where: string): unknown {
  try {
    // Some editors put a byte order mark before it.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new InputError(`${where} is not JSON: ${messageOf(error)}`);
  }
}

/** Whether a value is an object with fields; a list is none. */
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value is a whole number of this range, its ends included. */
export const isWhole = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
