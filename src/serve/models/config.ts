/** A model's `config.json`: how it is to be served. Every key has a row in one table, and nothing else is taken. */

import { InputError, messageOf } from '../../errors.ts';
import { flag, requireKnown } from '../../kinds.ts';
import { isObject, isWhole } from '../../objects.ts';
import { modelDefaults } from '../defaults.ts';
import { modelNumberKinds } from '../option-kinds.ts';
import { type Device, devices } from '../workers/messages.ts';

export interface ModelConfig {
  /** What computes. */
  readonly device: Device;
  /** Sessions of the model, each in a thread of its own, that run batches side by side; undefined: see `placement.ts`. */
  readonly instances: number | undefined;
  /** Threads of one operator of one instance; undefined: see `placement.ts`. */
  readonly threads: number | undefined;
  /** Rows of a batch; 0: requests run one by one; undefined: see `batchingOf`. */
  readonly maxBatchSize: number | undefined;
  /** Milliseconds that a request may wait for others to join its batch. */
  readonly maxQueueDelayMs: number;
  /** Whether that wait is fitted to the traffic and the model; `maxQueueDelayMs` is then its upper bound. */
  readonly adaptiveDelay: boolean;
  /** Requests that may wait; what comes beyond is answered with 503. */
  readonly maxQueueSize: number;
  /** Priorities from 1, the most urgent, to this. */
  readonly priorityLevels: number;
  /** The priority of requests that name none. */
  readonly defaultPriority: number;
  /** Milliseconds that a request which names no timeout may wait to be run; 0: any time. */
  readonly defaultTimeoutMs: number;
  /** The versions to serve: all of them, the latest alone, or those listed. */
  readonly versions: 'all' | 'latest' | readonly string[];
  /** Shapes of the inputs of the run before the model is ready, where they are not 1 wherever they are open. */
  readonly warmUp: Readonly<Record<string, readonly number[]>>;
  /** Class names in the order of the output's values, for models that do not bring them. */
  readonly labels: readonly string[] | undefined;
  /** The images that the model takes, for models that do not say so. */
  readonly image: { readonly channels: number; readonly height: number; readonly width: number } | undefined;
  /** What becomes of pixels in [0, 1] before the model sees them: (x - mean) / std, a value for each channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] } | undefined;
}

export const configDefaults: ModelConfig = {
  ...modelDefaults,
  instances: undefined,
  threads: undefined,
  maxBatchSize: undefined,
  priorityLevels: 2,
  defaultPriority: 1,
  defaultTimeoutMs: 0,
  versions: 'all',
  warmUp: {},
  labels: undefined,
  image: undefined,
  normalization: undefined,
};

interface Row {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const listOf =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(accepts);

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isVersion = (value: unknown): boolean => isText(value) && /^[1-9]\d*$/.test(String(value));

/** An object of exactly these fields. */
const isRecord = (value: unknown, fields: Readonly<Record<string, (value: unknown) => boolean>>): boolean =>
  isObject(value) &&
  Object.keys(value).every((key) => Object.hasOwn(fields, key)) &&
  Object.entries(fields).every(([key, accepts]) => accepts(value[key]));

const length = (value: unknown): boolean => isWhole(value, 1, 65_536);

const table: Readonly<Record<keyof ModelConfig, Row>> = {
  device: {
    expected: `one of ${devices.map((name) => `"${name}"`).join(', ')}`,
    accepts: (value) => devices.some((name) => name === value),
  },
  ...modelNumberKinds,
  adaptiveDelay: flag,
  versions: {
    expected: '"all", "latest" or a list of versions such as ["1", "3"]',
    accepts: (value) => value === 'all' || value === 'latest' || listOf(isVersion)(value),
  },
  warmUp: {
    expected: 'an object of shapes by input, such as {"image": [1, 3, 224, 224]}',
    accepts: (value) => isObject(value) && Object.values(value).every(listOf(length)),
  },
  labels: { expected: 'a list of texts', accepts: listOf(isText) },
  image: {
    expected: 'an object such as {"channels": 3, "height": 224, "width": 224}, channels being 1 or 3',
    accepts: (value) =>
      isRecord(value, { channels: (x) => x === 1 || x === 3, height: length, width: length }),
  },
  normalization: {
    expected: 'an object such as {"mean": [0.5], "std": [0.25]} with a value for each channel, std above 0',
    accepts: (value) =>
      isRecord(value, { mean: listOf(isNumber), std: listOf((x) => isNumber(x) && Number(x) > 0) }),
  },
};

/** How a key is written in the file: `maxBatchSize` is `max_batch_size`. */
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const names = Object.keys(table) as (keyof ModelConfig)[];

/**
 * Reads the text of a `config.json`. What it does not say is as in `defaults`.
 *
 * @param where what messages call the file
 * @throws InputError that names the key, what was expected and what was found
 */
export function parseConfig(
  text: string,
  where: string,
  defaults: ModelConfig = configDefaults,
): ModelConfig {
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: expected JSON: ${messageOf(error)}`);
  }
  if (!isObject(object)) throw new InputError(`${where}: expected a JSON object`);
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const name = names.find((candidate) => snake(candidate) === key);
    if (!name) throw new InputError(`${where}: no key "${key}"; there are ${names.map(snake).join(', ')}`);
    requireValue(name, value, `${where}: ${key}`);
    given[name] = value;
  }
  return checked({ ...defaults, ...given }, where);
}

function requireValue(name: keyof ModelConfig, value: unknown, where: string): void {
  const { accepts, expected } = table[name];
  if (!accepts(value)) throw new InputError(`${where}: expected ${expected}, got ${show(value)}`);
}

/** NaN and the like are no JSON. */
const show = (value: unknown): string =>
  typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));

/**
 * The configuration of models that do not say, given some of it by the program. What is undefined is as by default.
 *
 * @throws InputError that names the key, what was expected and what was found
 */
export function configOf(given: Partial<ModelConfig>, where: string): ModelConfig {
  requireKnown(given, table);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) requireValue(name as keyof ModelConfig, value, `${where}: ${name}`);
  return checked({ ...configDefaults, ...Object.fromEntries(entries) }, where);
}

/** Refuses what does not go together. */
function checked(config: ModelConfig, where: string): ModelConfig {
  const { defaultPriority, priorityLevels } = config;
  if (defaultPriority > priorityLevels) {
    throw new InputError(
      `${where}: default_priority: expected one of the ${priorityLevels} of priority_levels, got ${defaultPriority}`,
    );
  }
  return config;
}
