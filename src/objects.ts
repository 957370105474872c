/** Values of which nothing is known yet, such as parsed JSON. */

/** What an object holds, none of it checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object with fields; a list is none. */
export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value is a whole number of this range, its ends included. */
export const isWhole = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
