/** The options of benchmarks: a table says how each is read. */
import { parseArgs } from 'node:util';
import { kebab } from '../../src/cli/options.ts';
import { InputError, messageOf } from '../../src/errors.ts';

/** An option's value by its text, which is undefined where it is not given. `flag` is what it is called. */
type Reader<Value> = (given: string | undefined, flag: string) => Value;

type Table = Readonly<Record<string, Reader<unknown>>>;

/** What the options of a table are. */
export type OptionsOf<Options extends Table> = {
  readonly [Name in keyof Options]: ReturnType<Options[Name]>;
};

const refuse = (flag: string, expected: string, got: string): never => {
  throw new InputError(`${flag}: expected ${expected}, got "${got}"`);
};

/** A number of at least `least`. */
export const number =
  (usual: number, least = 0): Reader<number> =>
  (given = String(usual), flag) => {
    const value = Number(given);
    return given !== '' && value >= least ? value : refuse(flag, `a number of at least ${least}`, given);
  };

/** A whole number of at least `least`. */
export const whole =
  (usual: number, least = 1): Reader<number> =>
  (given = String(usual), flag) => {
    const value = Number(given);
    if (given !== '' && value >= least && Number.isInteger(value)) return value;
    return refuse(flag, `a whole number of at least ${least}`, given);
  };

export const text: Reader<string | undefined> = (given) => given;

/** One of some names, by default the first. */
export const oneOf =
  <Name extends string>(names: readonly Name[]): Reader<Name> =>
  (given = names[0] as Name, flag) =>
    names.find((name) => name === given) ?? refuse(flag, `one of ${names.join(', ')}`, given);

/** What has commas between. */
export const listOf =
  <Value>(item: Reader<Value>, usual: string): Reader<readonly Value[]> =>
  (given = usual, flag) =>
    given.split(',').map((each) => item(each, flag));

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

/** The numbers that most benchmarks take. */
export const usual = {
  threads: whole(2),
  seed: whole(2, 0),
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
