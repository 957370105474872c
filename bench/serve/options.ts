/** The options of `npm run bench -- serve`. */
import { parseArgs } from 'node:util';
import { InputError, messageOf } from '../../src/errors.ts';
import { type BodyKind, bodyKinds } from './bodies.ts';

/** A number, or as many as the server chooses. */
export type Instances = number | 'auto';

export interface ServeBenchOptions {
  readonly models: readonly string[];
  readonly bodies: readonly BodyKind[];
  readonly connections: readonly number[];
  readonly seconds: number;
  /** Seconds of load that come before all rounds of a kind of body, and are not measured. */
  readonly runIn: number;
  readonly warmup: number;
  readonly rounds: number;
  /** Instances of the model in `nas serve`, each choice a contestant of its own. */
  readonly instances: readonly Instances[];
  /** Processes of the FastAPI server, each choice a contestant of its own; none: it is left out. */
  readonly peers: readonly number[];
  readonly python: string | undefined;
  /** Further options of `nas serve`. */
  readonly nas: readonly string[];
}

const text = { type: 'string' } as const;

/**
 * `--models fashion-mnist,darts-v2 --bodies json,binary,png --connections 1,8,64 --run-in 10 --seconds 3 --warmup 1 --rounds 3
 * --instances auto --peers 1,2 --python PATH --nas "--max-batch-size 8"`.
 *
 * @throws InputError for what is no option, or a value that makes no sense
 */
export function serveBenchOptions(args: readonly string[], models: readonly string[]): ServeBenchOptions {
  const values = parsed(args);
  const some = <Name extends string>(name: keyof typeof values, known: readonly Name[]): Name[] => {
    const chosen = values[name]?.split(',') ?? [...known];
    const unknown = chosen.find((item) => !known.some((other) => other === item));
    if (unknown === undefined) return chosen as Name[];
    throw new InputError(
      `--${name}: expected some of ${known.join(',')} with commas between, got "${unknown}"`,
    );
  };
  const number = (name: string, value: string, least: number, whole: boolean): number => {
    const read = Number(value);
    if (value !== '' && read >= least && (!whole || Number.isInteger(read))) return read;
    const kind = whole ? 'a whole number' : 'a number';
    throw new InputError(`--${name}: expected ${kind} of at least ${least}, got "${value}"`);
  };
  const numbers = (name: keyof typeof values, absent: string): number[] => {
    const value = values[name] ?? absent;
    return value === 'none' ? [] : value.split(',').map((item) => number(name, item, 1, true));
  };
  return {
    models: some('models', models),
    bodies: some('bodies', bodyKinds),
    connections: numbers('connections', '1,8,64'),
    seconds: number('seconds', values.seconds ?? '3', 0.1, false),
    runIn: number('run-in', values['run-in'] ?? '10', 0, false),
    warmup: number('warmup', values.warmup ?? '1', 0, false),
    rounds: number('rounds', values.rounds ?? '3', 1, true),
    instances: (values.instances ?? 'auto')
      .split(',')
      .map((item) => (item === 'auto' ? item : number('instances', item, 1, true))),
    peers: numbers('peers', '1,2'),
    python: values.python,
    nas: values.nas?.split(' ').filter((word) => word !== '') ?? [],
  };
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        models: text,
        bodies: text,
        connections: text,
        seconds: text,
        'run-in': text,
        warmup: text,
        rounds: text,
        instances: text,
        peers: text,
        python: text,
        nas: text,
      },
    });
    return values;
  } catch (error) {
    throw new InputError(messageOf(error));
  }
}
