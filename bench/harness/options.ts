/** The options of benchmarks: a table says how each is read. */
import { parseArgs } from 'node:util';
import { kebab } from '../../src/cli/options.ts';
import { InputError, messageOf } from '../../src/errors.ts';
import { type Kind, oneOf, requireKind, seed, text, threads } from '../../src/kinds.ts';

/** An option's value by its text, which is undefined where it is not given. `flag` is what it is called. */
type Reader<Value> = (given: string | undefined, flag: string) => Value;

type Table = Readonly<Record<string, Reader<unknown>>>;

/** What the options of a table are. */
export type OptionsOf<Options extends Table> = {
  readonly [Name in keyof Options]: ReturnType<Options[Name]>;
};

function readValue<Value>(kind: Kind<Value>, word: string, flag: string): Value {
  const value = kind.read(word);
  requireKind(kind, value, flag);
  return value;
}

/** A value of a kind, and what it is where it is not given. */
export const option =
  <Value, Usual>(kind: Kind<Value>, usual: Usual): Reader<Value | Usual> =>
  (given, flag) =>
    given === undefined ? usual : readValue(kind, given, flag);

/** Values of a kind, with commas between. */
export const listOf =
  <Value>(kind: Kind<Value>, usual: string): Reader<readonly Value[]> =>
  (given = usual, flag) =>
    given.split(',').map((word) => readValue(kind, word, flag));

/** Some of several names, by default all. */
export const someOf = <Name extends string>(
  names: readonly Name[],
  usual: readonly Name[] = names,
): Reader<readonly Name[]> => listOf(oneOf(names), usual.join(','));

/** `none` is an empty list. */
export const orNone =
  <Value>(list: Reader<readonly Value[]>): Reader<readonly Value[]> =>
  (given, flag) =>
    given === 'none' ? [] : list(given, flag);

/** The interpreter that runs the peers (`requirePython`). */
export const python = option(text, undefined);

/** The numbers that most benchmarks take. */
export const usual = {
  threads: option(threads, 2),
  seed: option(seed, 2),
};

/**
 * Options as a table says.
 *
 * @throws InputError for what is no option, or not of its kind
 */
export function readOptions<Options extends Table>(
  args: readonly string[],
  table: Options,
): OptionsOf<Options> {
  const flags = new Map(Object.keys(table).map((name) => [name, kebab(name)]));
  const options = Object.fromEntries([...flags.values()].map((flag) => [flag, { type: 'string' as const }]));
  let values: Readonly<Record<string, string | undefined>>;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    const known = [...flags.values(), 'out'].map((flag) => `--${flag}`).join(', ');
    throw new InputError(`${messageOf(error).split(/\. |\n/)[0]}; the options are ${known}`);
  }
  const read = Object.entries(table).map(([name, reader]) => {
    const flag = flags.get(name) as string;
    return [name, reader(values[flag], `--${flag}`)] as const;
  });
  return Object.fromEntries(read) as OptionsOf<Options>;
}
