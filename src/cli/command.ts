/** Makes a command out of one row: its words, its options and what it does. */
import type { CommandModule, Options } from 'yargs';
import { InputError } from '../errors.ts';
import { suggestion } from '../suggest.ts';
import { type Given, kebab, type OptionName, optionOf, sectionOf } from './options.ts';
import { printResult } from './output.ts';
import { givenOptions } from './values.ts';

/** What a command is called with. */
export interface Call<Name extends OptionName> {
  /** The positional argument; '' for a command that has none. */
  readonly argument: string;
  readonly given: Given<Name>;
  /** Prints the result on stdout; for people as the text, where one is given. */
  print(result: object, text?: string): void;
}

export interface CommandRow<Name extends OptionName> {
  readonly name: string;
  /** The positional argument that the command needs. */
  readonly argument?: { readonly name: string; readonly describe: string };
  readonly describe: string;
  /** `json` belongs to every command and is not named. */
  readonly options: readonly Name[];
  /** What the help shows as defaults. They are not filled in: a command sees what was really given. */
  readonly defaults: Readonly<Partial<Record<Name, unknown>>>;
  /** Command lines without `nas`, and what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Imports what it needs itself, so that `nas --help` starts at once. */
  readonly run: (call: Call<Name>) => Promise<void>;
}

/** The command of a row, for yargs. */
export function defineCommand<Name extends OptionName>(row: CommandRow<Name>): CommandModule {
  const { name, argument, describe, examples, run } = row;
  const command = argument ? `${name} <${argument.name}>` : name;
  const names: readonly (Name | 'json')[] = [...row.options, 'json'];
  return {
    command,
    describe,
    builder: (yargs) => {
      if (argument) yargs.positional(argument.name, { describe: argument.describe });
      for (const option of names) yargs.option(kebab(option), yargsOption(option, row.defaults));
      for (const [line, what] of examples) yargs.example(`$0 ${line}`, what);
      return yargs.usage(`nas ${command} [options]\n\n${describe}`).fail((message, error) => {
        // What a command itself throws comes without a message.
        throw message ? new InputError(reworded(message, row) + seeHelp(name)) : error;
      });
    },
    handler: async ({ _: words, $0: _program, ...argv }) => {
      const extra = words.slice(1);
      if (extra.length > 0) {
        throw new InputError(`nas ${name} does not take "${extra.join(' ')}"${seeHelp(name)}`);
      }
      requireKnown(Object.keys(argv), names, row);
      const { json, ...given } = givenOptions(names, argv);
      await run({
        argument: argument ? String(argv[argument.name]) : '',
        given: given as Given<Name>,
        print: (result, text) => printResult(result, json ?? false, text),
      });
    },
  };
}

/** What yargs refuses, in the words of this program. */
const reworded = (
  message: string,
  { name, argument }: { name: string; argument?: { name: string } },
): string =>
  message
    .replace(/^Not enough non-option arguments.*/, `nas ${name} needs a <${argument?.name}>`)
    .replace(/^Not enough arguments following: (.*)/, '--$1 needs a value')
    .replace(/^Argument unexpected for: (.*)/, '--$1 takes no value');

const seeHelp = (name: string): string => ` (see nas ${name} --help)`;

const defaultText = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

function yargsOption(name: OptionName, defaults: Readonly<Partial<Record<OptionName, unknown>>>): Options {
  const { describe, isFlag } = optionOf(name);
  const fallback = defaults[name];
  return {
    describe,
    group: `${sectionOf(name)}:`,
    // Values come as words and are read and checked by the table.
    ...(isFlag ? { type: 'boolean', nargs: 0 } : { requiresArg: true }),
    ...(fallback !== undefined && { defaultDescription: defaultText(fallback) }),
  };
}

/** Refuses options that a command does not have. */
function requireKnown<Name extends OptionName>(
  given: readonly string[],
  names: readonly OptionName[],
  { name, argument }: CommandRow<Name>,
): void {
  const known = ['help', 'version', ...names.map(kebab)];
  const unknown = given.map(kebab).find((word) => !known.includes(word) && word !== argument?.name);
  if (unknown === undefined) return;
  const dashed = (word: string): string => (word.length === 1 ? `-${word}` : `--${word}`);
  const near = suggestion(dashed(unknown), known.map(dashed));
  throw new InputError(`nas ${name} has no option ${dashed(unknown)}${near}${seeHelp(name)}`);
}
