/** Values of which nothing is known yet, such as parsed JSON. */

/** What an object holds, none of it checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with fields; a list is none. */
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
