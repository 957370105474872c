/** What is said of a text that cannot be read on. */
import { InputError } from '../errors.ts';

/**
 * @param position of the first character, from 0, that is not as expected; space before the next word is passed over
 * @param text.where names the text
 * @param text.form how a good text reads
 */
export function unexpected(
  text: string,
  position: number,
  expected: string,
  { where, form }: { readonly where: string; readonly form: string },
): InputError {
  const rest = text.slice(position).trim();
  const got = rest === '' ? 'the end of the text' : `"${rest.slice(0, 24)}"`;
  return new InputError(`${where}: expected ${expected} at character ${position}, got ${got}; ${form}`);
}
