/** Values of options, checked by their table: those given on the command line, and those that a run's file keeps. */
import { InputError } from '../errors.ts';
import { requireKind } from '../kinds.ts';
import { flagOf, type Given, type OptionName, optionOf } from './options.ts';

/**
 * The options of these names that the parsed command line gives. InputError names option, expected and got.
 *
 * @param argv words by option name; an array where an option is given more than once
 */
export function givenOptions<Name extends OptionName>(
  names: readonly Name[],
  argv: Readonly<Record<string, unknown>>,
): Given<Name> {
  const read = (name: Name): unknown => {
    const value = argv[name];
    if (Array.isArray(value)) {
      throw new InputError(`${flagOf(name)} is given ${value.length} times; give it once`);
    }
    return typeof value === 'string' ? optionOf(name).read(value) : value;
  };
  return checkedValues(names, read, flagOf);
}

/** The options of these names that an object keeps, e.g. a run's file; InputError where one is not what it must be. */
export const storedOptions = <Name extends OptionName>(
  names: readonly Name[],
  stored: Readonly<Record<string, unknown>>,
  where: string,
): Given<Name> =>
  checkedValues(
    names,
    (name) => stored[name],
    (name) => `${where}: ${name}`,
  );

function checkedValues<Name extends OptionName>(
  names: readonly Name[],
  read: (name: Name) => unknown,
  label: (name: Name) => string,
): Given<Name> {
  const values: Partial<Record<Name, unknown>> = {};
  for (const name of names) {
    const value = read(name);
    if (value === undefined) continue;
    requireKind(optionOf(name), value, label(name));
    values[name] = value;
  }
  // Every value has passed the check of its own row.
  return values as Given<Name>;
}
