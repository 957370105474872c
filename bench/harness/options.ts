/** The options of benchmarks: whole numbers with defaults, configurations by name, the peers' Python. */
import { parseArgs } from 'node:util';
import { InputError, messageOf } from '../../src/errors.ts';

export type NumberName = 'rounds' | 'warmup' | 'threads' | 'seed';

/** What a benchmark takes; an option that it does not name is refused. */
export interface OptionTable<Numbers extends NumberName, Configuration extends string> {
  /** Defaults. */
  readonly numbers: Readonly<Record<Numbers, number>>;
  /** What `--configuration` may choose, and what is run without it. */
  readonly configurations?: {
    readonly names: readonly Configuration[];
    readonly chosen: readonly Configuration[];
  };
  /** Whether there are peers, for `--python`. */
  readonly peers?: boolean;
}

export type Options<Numbers extends NumberName, Configuration extends string> = Readonly<
  Record<Numbers, number>
> & {
  readonly configurations: readonly Configuration[];
  readonly python: string | undefined;
};

const least: Readonly<Record<NumberName, number>> = { rounds: 1, warmup: 0, threads: 1, seed: 0 };

/** @throws InputError for what is no option, or not of its kind */
export function readOptions<Numbers extends NumberName, Configuration extends string = never>(
  args: readonly string[],
  { numbers, configurations = { names: [], chosen: [] }, peers = false }: OptionTable<Numbers, Configuration>,
): Options<Numbers, Configuration> {
  const values = parsed(args, [
    ...Object.keys(numbers),
    ...(configurations.names.length > 0 ? ['configuration'] : []),
    ...(peers ? ['python'] : []),
  ]);
  const whole = (name: Numbers): number => {
    const number = Number(values[name] ?? numbers[name]);
    if (Number.isInteger(number) && number >= least[name]) return number;
    throw new InputError(
      `--${name}: expected a whole number of at least ${least[name]}, got "${values[name]}"`,
    );
  };
  const chosen = values.configuration?.split(',') ?? configurations.chosen;
  const unknown = chosen.find((name) => !(configurations.names as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      `--configuration: expected some of ${configurations.names.join(',')} with commas between, got "${unknown}"`,
    );
  }
  const names = Object.keys(numbers) as Numbers[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, whole(name)])) as Record<Numbers, number>),
    configurations: chosen as readonly Configuration[],
    python: values.python,
  };
}

function parsed(
  args: readonly string[],
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new InputError(
      `${messageOf(error).split('. ')[0]}; the options are --${names.join(', --')}, --out`,
    );
  }
}
