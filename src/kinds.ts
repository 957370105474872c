/** Kinds of options: which values an option takes, and how a word of the command line becomes one. */
import { InputError } from './errors.ts';
import { isWhole } from './objects.ts';
import { suggestion } from './suggest.ts';

export interface Kind<T> {
  /** What error messages call a good value. */
  readonly expected: string;
  /** A word of the command line as a value; not necessarily a good one. */
  readonly read: (word: string) => unknown;
  readonly accepts: (value: unknown) => value is T;
  /** All good values, where they are few. */
  readonly choices?: readonly T[];
  /** Given by its name alone, and denied with `--no-`. */
  readonly isFlag?: true;
}

/** A word as a number; what is none stays a word, so that messages show it as it was given. */
const readNumber = (word: string): unknown => {
  const number = Number(word);
  return word.trim() === '' || Number.isNaN(number) ? word : number;
};

const numbers = (expected: string, test: (x: number) => boolean): Kind<number> => ({
  expected,
  read: readNumber,
  accepts: (value): value is number => typeof value === 'number' && test(value),
});

const wholeFrom =
  (least: number, most?: number) =>
  (x: number): boolean =>
    isWhole(x, least, most);

export const count = numbers('a whole number from 1', wholeFrom(1));
export const amount = numbers('a whole number from 0', wholeFrom(0));
/** A size that memory limits: far more than that is a slip of the keyboard. */
export const countTo = (most: number): Kind<number> =>
  numbers(`a whole number from 1 to ${most}`, wholeFrom(1, most));
export const amountTo = (most: number): Kind<number> =>
  numbers(`a whole number from 0 to ${most}`, wholeFrom(0, most));
/** Neighbouring ones, too, are numbers that a double holds. */
export const seed = numbers(`a whole number from 0 to ${2 ** 32 - 1}`, wholeFrom(0, 2 ** 32 - 1));
/** onnxruntime starts as many as it is told, whatever becomes of the machine. */
export const threads = countTo(256);
export const port = numbers('a port from 0 to 65535', wholeFrom(0, 65535));
export const positive = numbers('a number above 0', (x) => Number.isFinite(x) && x > 0);
/** A growth. */
export const factor = numbers('a number above 1', (x) => Number.isFinite(x) && x > 1);
export const numberFrom = (least: number): Kind<number> =>
  numbers(`a number from ${least}`, (x) => Number.isFinite(x) && x >= least);
export const nonNegative = numberFrom(0);
export const milliseconds = numbers(
  'a number of milliseconds from 0 to 3600000',
  (x) => x >= 0 && x <= 3_600_000,
);
/** A time to wait for. Beyond some 24 days Node's timers end at once. */
export const seconds = numbers(
  'a number of seconds above 0, at most 2147483',
  (x) => x > 0 && x <= 2_147_483,
);
/** A probability, or how much of the past is kept. */
export const fraction = numbers('a number from 0 to below 1', (x) => x >= 0 && x < 1);
/** A part that leaves something over. */
export const part = numbers('a number between 0 and 1', (x) => x > 0 && x < 1);

export const text: Kind<string> = {
  expected: 'a text',
  read: (word) => word,
  accepts: (value): value is string => typeof value === 'string' && value !== '',
};

export const flag: Kind<boolean> = {
  isFlag: true,
  expected: 'true or false',
  read: (word) => word,
  accepts: (value): value is boolean => typeof value === 'boolean',
};

/** One of some words or numbers. */
export const oneOf = <const T extends string | number>(choices: readonly T[]): Kind<T> => ({
  expected: `one of ${choices.join(', ')}`,
  choices,
  read: (word) => choices.find((choice) => String(choice) === word) ?? word,
  accepts: (value): value is T => choices.some((choice) => choice === value),
});

/** The kinds of an object's fields. */
export type Kinds<Options> = { readonly [Name in keyof Options]-?: Kind<NonNullable<Options[Name]>> };

/** How a value that is not what it must be is shown. */
const shown = (value: unknown): string =>
  value === '' || typeof value === 'object' ? JSON.stringify(value) : String(value);

/** @throws InputError, with what the value is called, where it is none of a kind */
export function requireKind<T>(
  { accepts, expected }: Kind<T>,
  value: unknown,
  label: string,
): asserts value is T {
  if (!accepts(value)) throw new InputError(`${label} must be ${expected}, got ${shown(value)}`);
}

/** The fields of an object that there are kinds of. */
export const ofKinds = <Known>(options: NoInfer<Known>, kinds: Kinds<Known>): Known =>
  Object.fromEntries(
    Object.entries(options as object).filter(([name]) => Object.hasOwn(kinds, name)),
  ) as Known;

/** @throws InputError naming the first field that there is no kind of: nothing would read it */
export function requireKnown(options: object, kinds: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(kinds, name));
  if (unknown === undefined) return;
  throw new InputError(`unknown option ${unknown}${suggestion(unknown, Object.keys(kinds))}`);
}

/**
 * Checks the fields that there are kinds of. Others belong to somebody else; fields that may be absent may be absent.
 *
 * @throws InputError naming the first field that is not what it must be
 */
export function requireKinds<Options extends object>(
  options: Options,
  kinds: Partial<Kinds<Options>>,
  optional: readonly (keyof Options)[] = [],
): void {
  for (const [name, kind] of Object.entries(kinds) as [keyof Options & string, Kind<unknown>][]) {
    const value = options[name];
    if (value === undefined && optional.includes(name)) continue;
    requireKind(kind, value, name);
  }
}
