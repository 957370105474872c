/** Kinds of options: how a value is read off the command line, and which values an option takes. */
import { isWhole } from '../objects.ts';
import { budgetForm, isBudget } from '../search/budget-text.ts';
import { isSpaceFile, isSpaceName, spaceNames } from '../search/spaces.ts';

export interface Kind<T> {
  /** What error messages call a good value. */
  readonly expected: string;
  /** A word of the command line as a value; not necessarily a good one. */
  readonly read: (word: string) => unknown;
  readonly accepts: (value: unknown) => value is T;
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
/** Neighbouring ones, too, are numbers that a double holds. */
export const seed = numbers(`a whole number from 0 to ${2 ** 32 - 1}`, wholeFrom(0, 2 ** 32 - 1));
/** onnxruntime starts as many as it is told, whatever becomes of the machine. */
export const threads = countTo(256);
export const port = numbers('a port from 0 to 65535', wholeFrom(0, 65535));
export const positive = numbers('a number above 0', (x) => Number.isFinite(x) && x > 0);
/** A growth. */
export const factor = numbers('a number above 1', (x) => Number.isFinite(x) && x > 1);
export const nonNegative = numbers('a number from 0', (x) => Number.isFinite(x) && x >= 0);
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

/** A search space by its name, or a file that describes one. */
export const space: Kind<string> = {
  expected: `one of ${spaceNames.join(', ')}, or a file FILE.json`,
  read: (word) => word,
  accepts: (value): value is string =>
    typeof value === 'string' && (isSpaceName(value) || isSpaceFile(value)),
};

export const budget: Kind<string> = {
  expected: budgetForm,
  read: (word) => word,
  accepts: (value): value is string => typeof value === 'string' && isBudget(value),
};

/** One of some words or numbers. */
export const oneOf = <const T extends string | number>(choices: readonly T[]): Kind<T> => ({
  expected: `one of ${choices.join(', ')}`,
  read: (word) => choices.find((choice) => String(choice) === word) ?? word,
  accepts: (value): value is T => choices.some((choice) => choice === value),
});
