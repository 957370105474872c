/** The options of the benchmark `gpu`. */
import { parseArgs } from 'node:util';
import type { Provider } from '../../src/engine/onnxruntime.ts';
import { InputError, messageOf } from '../../src/errors.ts';

export const parts = ['search', 'retrain', 'inference'] as const;
export type Part = (typeof parts)[number];

/** Ways in which the peer computes (bench/peers/mode.py). */
export const peers = ['tuned', 'amp', 'compiled'] as const;
export type Peer = (typeof peers)[number];

const devices: readonly Provider[] = ['cuda', 'webgpu', 'cpu'];

/** Whole numbers, and the least that each may be. 0 channels, cells or images: as many as the problem has. */
const numbers = {
  rounds: { fallback: 20, least: 1 },
  warmup: { fallback: 5, least: 1 },
  threads: { fallback: 2, least: 1 },
  seed: { fallback: 2, least: 0 },
  limit: { fallback: 900, least: 1 },
  channels: { fallback: 0, least: 0 },
  cells: { fallback: 0, least: 0 },
  batch: { fallback: 0, least: 0 },
} as const;

type NumberName = keyof typeof numbers;

export type GpuOptions = Readonly<Record<NumberName, number>> & {
  readonly device: Provider;
  readonly parts: readonly Part[];
  readonly peers: readonly Peer[];
  readonly python: string | undefined;
};

/** @throws InputError for what is no option, or not of its kind */
export function readGpuOptions(args: readonly string[]): GpuOptions {
  const names = Object.keys(numbers) as NumberName[];
  const all = ['device', 'parts', 'peers', 'python', ...names];
  let values: Readonly<Record<string, string | undefined>>;
  try {
    const options = Object.fromEntries(all.map((name) => [name, { type: 'string' as const }]));
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new InputError(`${messageOf(error).split('. ')[0]}; the options are --${all.join(', --')}, --out`);
  }
  const oneOf = <T extends string>(name: string, choices: readonly T[]): T => {
    const value = values[name] ?? (choices[0] as T);
    if ((choices as readonly string[]).includes(value)) return value as T;
    throw new InputError(`--${name}: expected ${choices.join(', ')}, got "${value}"`);
  };
  const someOf = <T extends string>(name: string, choices: readonly T[]): readonly T[] => {
    const chosen = values[name]?.split(',') ?? choices;
    const unknown = chosen.find((choice) => !(choices as readonly string[]).includes(choice));
    if (unknown === undefined) return chosen as readonly T[];
    throw new InputError(
      `--${name}: expected some of ${choices.join(',')} with commas between, got "${unknown}"`,
    );
  };
  const whole = (name: NumberName): number => {
    const { fallback, least } = numbers[name];
    const number = Number(values[name] ?? fallback);
    if (Number.isInteger(number) && number >= least) return number;
    throw new InputError(`--${name}: expected a whole number of at least ${least}, got "${values[name]}"`);
  };
  return {
    ...(Object.fromEntries(names.map((name) => [name, whole(name)])) as Record<NumberName, number>),
    device: oneOf('device', devices),
    parts: someOf('parts', parts),
    peers: values.peers === 'none' ? [] : someOf('peers', peers),
    python: values.python,
  };
}
