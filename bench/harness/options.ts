/** The options of benchmarks. */
import { parseArgs } from 'node:util';
import { InputError, messageOf } from '../../src/errors.ts';

export interface StepOptions<Name extends string> {
  readonly configurations: readonly Name[];
  /** Counted rounds, and rounds before them. */
  readonly rounds: number;
  readonly warmup: number;
  readonly threads: number;
  readonly seed: number;
  readonly python: string | undefined;
}

export interface StepDefaults {
  readonly rounds: number;
  readonly warmup: number;
}

/** InputError for what is no option, or not a whole number where one is due. */
export function stepOptions<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
  { rounds, warmup }: StepDefaults,
): StepOptions<Name> {
  const values = parsed(args);
  const whole = (name: keyof typeof values, least: number, absent: number): number => {
    const number = Number(values[name] ?? absent);
    if (Number.isInteger(number) && number >= least) return number;
    throw new InputError(`--${name}: expected a whole number of at least ${least}, got "${values[name]}"`);
  };
  const chosen = values.configuration?.split(',') ?? names;
  const unknown = chosen.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      `--configuration: expected some of ${names.join(',')} with commas between, got "${unknown}"`,
    );
  }
  return {
    configurations: chosen as readonly Name[],
    rounds: whole('rounds', 1, rounds),
    warmup: whole('warmup', 0, warmup),
    threads: whole('threads', 1, 2),
    seed: whole('seed', 0, 2),
    python: values.python,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        configuration: text,
        rounds: text,
        warmup: text,
        threads: text,
        seed: text,
        python: text,
      },
    });
    return values;
  } catch (error) {
    throw new InputError(messageOf(error));
  }
}
