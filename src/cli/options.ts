/** One table of the commands' options: what each means, its kind and its default. */
import type { Options } from 'yargs';
import { InputError } from '../errors.ts';
import { retrainDefaults } from '../retrain/options.ts';
import { searchDefaults } from '../search/options.ts';
import { spaceNames } from '../search/spaces.ts';

/** What a number must be. */
const kinds = {
  /** A whole number from 1. */
  count: { test: (x: number) => Number.isInteger(x) && x >= 1, expected: 'a whole number from 1' },
  /** A whole number from 0. */
  amount: { test: (x: number) => Number.isInteger(x) && x >= 0, expected: 'a whole number from 0' },
  positive: { test: (x: number) => Number.isFinite(x) && x > 0, expected: 'a number above 0' },
  nonNegative: { test: (x: number) => Number.isFinite(x) && x >= 0, expected: 'a number from 0' },
  /** [0, 1). */
  fraction: { test: (x: number) => x >= 0 && x < 1, expected: 'a number from 0 to below 1' },
  port: {
    test: (x: number) => Number.isInteger(x) && x >= 0 && x <= 65535,
    expected: 'a port from 0 to 65535',
  },
} as const;

interface OptionRow {
  readonly describe: string;
  readonly kind?: keyof typeof kinds;
  readonly choices?: readonly (string | number)[];
  readonly flag?: true;
  readonly alias?: string;
}

/** Every option that several commands or the protocol of the paper name; names are those of the option objects. */
const rows = {
  data: { describe: 'a data set: a folder, or one of embedded, fashion-mnist' },
  imageSize: { describe: 'resize images to this many pixels a side', kind: 'count' },
  trainLimit: { describe: 'use at most this many training images', kind: 'count' },
  testLimit: { describe: 'use at most this many test images', kind: 'count' },
  device: { describe: 'what to compute on', choices: ['auto', 'cpu', 'cuda', 'webgpu'] },
  engine: {
    describe: 'what computes: onnxruntime, or tfjs eagerly',
    choices: ['onnxruntime', 'tensorflow', 'tfjs-cpu'],
  },
  threads: { describe: 'threads of an operator; all cores where not given', kind: 'count' },
  out: { describe: 'the folder of the run' },
  resume: { describe: 'continue the run in --out from its checkpoint', flag: true },
  json: { describe: 'print the result as one JSON object', flag: true },
  space: { describe: 'the search space', choices: spaceNames },
  order: { describe: '1: first-order gradient of α; 2: through an unrolled step', choices: [1, 2] },
  channels: { describe: 'channels of the first cells', kind: 'count' },
  cells: { describe: 'cells of the network', kind: 'count' },
  epochs: { describe: 'epochs', kind: 'count' },
  batch: { describe: 'images in a batch', kind: 'count' },
  seed: { describe: 'the seed of everything random', kind: 'amount' },
  learningRate: { describe: 'initial learning rate of the weights (cosine)', kind: 'positive' },
  learningRateMin: { describe: 'final learning rate of the weights', kind: 'nonNegative' },
  momentum: { describe: 'momentum of the weights', kind: 'fraction' },
  weightDecay: { describe: 'weight decay of the weights', kind: 'nonNegative' },
  gradientClip: { describe: "largest norm of the weights' gradient", kind: 'positive' },
  alphaLearningRate: { describe: 'learning rate of α (Adam)', kind: 'positive' },
  alphaBeta1: { describe: "Adam's β₁ for α", kind: 'fraction' },
  alphaBeta2: { describe: "Adam's β₂ for α", kind: 'fraction' },
  alphaWeightDecay: { describe: 'weight decay of α', kind: 'nonNegative' },
  trainPortion: {
    describe: 'part of the training images for the weights; the rest is for α',
    kind: 'fraction',
  },
  crop: { describe: 'random crop after padding by this many pixels; 0: none', kind: 'amount' },
  flip: { describe: 'mirror images at random (--no-flip: do not)', flag: true },
  cutout: { describe: 'side of the square that cutout blanks; 0: none', kind: 'amount' },
  maxSteps: { describe: 'end each epoch after this many steps, for trials; 0: never', kind: 'amount' },
  dropPath: { describe: 'drop-path probability in the last epoch', kind: 'fraction' },
  auxiliaryWeight: { describe: "weight of the auxiliary head's loss; 0: no head", kind: 'nonNegative' },
  evaluateEvery: { describe: 'measure the test accuracy after every so many epochs', kind: 'count' },
  classes: { describe: 'classes', kind: 'count' },
  imageChannels: { describe: 'channels of an image', kind: 'count' },
  height: { describe: 'height of an image', kind: 'count' },
  width: { describe: 'width of an image', kind: 'count' },
  onnx: { describe: 'the file to write' },
  softmax: { describe: 'output probabilities instead of logits', flag: true },
  weights: { describe: 'which weights of the run to use', choices: ['best', 'last'] },
  images: { describe: 'test images to verify on', kind: 'count' },
  port: { describe: 'port; 0: any free one', kind: 'port' },
  host: { describe: 'address to listen on' },
} as const satisfies Record<string, OptionRow>;

export type OptionName = keyof typeof rows;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Names of the paper's options, in the order of their objects. */
export const searchOptionNames = Object.keys(searchDefaults) as (keyof typeof searchDefaults)[];
export const retrainOptionNames = Object.keys(retrainDefaults) as (keyof typeof retrainDefaults)[];

/**
 * The named options for yargs. Defaults are shown but not filled in, so that a command sees what was really given.
 */
export function yargsOptions(
  names: readonly OptionName[],
  defaults: Readonly<Partial<Record<OptionName, unknown>>>,
): Record<string, Options> {
  const entries = names.map((name): [string, Options] => {
    const row: OptionRow = rows[name];
    const fallback = defaults[name];
    return [
      kebab(name),
      {
        describe: row.describe,
        type: row.flag ? 'boolean' : row.kind || typeof row.choices?.[0] === 'number' ? 'number' : 'string',
        ...(row.choices && { choices: row.choices }),
        ...(fallback !== undefined && { defaultDescription: String(fallback) }),
        requiresArg: !row.flag,
      },
    ];
  });
  return Object.fromEntries(entries);
}

/** The options that were given, by the names of the table; checked. InputError names option, expected and got. */
export function givenOptions<T extends object>(
  names: readonly (keyof T & OptionName)[],
  argv: Readonly<Record<string, unknown>>,
): Partial<T> {
  const given: Record<string, unknown> = {};
  for (const name of names) {
    const value = argv[name];
    if (value === undefined) continue;
    const row: OptionRow = rows[name];
    if (Array.isArray(value))
      throw new InputError(`--${kebab(name)} is given ${value.length} times; give it once`);
    if (row.kind && !(typeof value === 'number' && kinds[row.kind].test(value))) {
      throw new InputError(`--${kebab(name)} must be ${kinds[row.kind].expected}, got ${String(value)}`);
    }
    if (value === '') throw new InputError(`--${kebab(name)} needs a value`);
    given[name] = value;
  }
  return given as Partial<T>;
}
