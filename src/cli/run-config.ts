/** The configuration that a run's folder keeps, read back and checked field by field. */

import { InputError } from '../errors.ts';
import { count } from '../kinds.ts';
import { type Fields, isObject } from '../objects.ts';
import {
  type Candidate,
  checkedCandidates,
  checkedRetrained,
  type Retrained,
} from '../runs/config-fields.ts';
import { configFile } from '../runs/layout.ts';
import { damagedConfig, readConfig } from '../runs/run-folder.ts';
import type { CostTable } from '../search/budget.ts';
import type { MethodName } from '../search/method-names.ts';
import {
  isSpaceFile,
  type OpenedSpace,
  type SpaceContent,
  searchSpace,
  spaceFromContent,
} from '../search/spaces.ts';
import { dataOptionNames, flagOf, type Given, type OptionName } from './options.ts';
import {
  type AnySearchOptions,
  type RetrainRunOptions,
  retrainRunDefaults,
  retrainRunNames,
  type SelectOptions,
  searchRunDefaults,
  searchRunNames,
  selectDefaults,
  selectNames,
} from './run-options.ts';
import { type DataOptions, dataDefaults } from './setting.ts';
import { storedOptions } from './values.ts';

export interface RetrainConfig extends Retrained {
  readonly options: RetrainRunOptions;
}

/** The options of the search in a folder. InputError where it holds none, or the file is damaged. */
export function readSearchOptions(folder: string): AnySearchOptions {
  const { config, where } = readRun(folder, 'search');
  return searchOptionsOf(config.options, where);
}

/** What was searched on, alone: runs of older versions lack options that there are now. */
export function readSearchData(folder: string): DataOptions {
  const { config, where } = readRun(folder, 'search', 'sweep');
  return { ...dataDefaults, ...readOptions(dataOptionNames, dataDefaults, config.options, where) };
}

function searchOptionsOf(stored: unknown, where: string): AnySearchOptions {
  const { method } = readOptions(['method'], { method: '' }, stored, where);
  const defaults = searchRunDefaults(method as MethodName);
  return { ...defaults, ...readOptions(searchRunNames, defaults, stored, where) } as typeof defaults;
}

export interface SweepConfig {
  /** Those of each search; `seed` is the first. */
  readonly options: AnySearchOptions;
  /** How many searches there are to be. */
  readonly seeds: number;
}

/** The configuration of the searches in a folder. InputError where it holds none, or the file is damaged. */
export function readSweepConfig(folder: string): SweepConfig {
  const { config, where } = readRun(folder, 'sweep');
  if (!count.accepts(config.seeds)) throw damagedConfig(where, 'seeds', count.expected, config.seeds);
  return { options: searchOptionsOf(config.options, where), seeds: config.seeds };
}

export interface SelectConfig {
  readonly options: SelectOptions;
  readonly candidates: readonly Candidate[];
}

/** The configuration of the selection in a folder. InputError where it holds none, or the file is damaged. */
export function readSelectConfig(folder: string): SelectConfig {
  const { config, where } = readRun(folder, 'select');
  const candidates = checkedCandidates(config, where);
  const options = readOptions(selectNames, selectDefaults, config.options, where);
  return { options: { ...selectDefaults, ...options }, candidates };
}

/** The space of one or several searches in a folder. What came from a file is kept in the run: the file may change or be gone. */
export function readSearchSpace(folder: string): OpenedSpace {
  const { config, where } = readRun(folder, 'search', 'sweep');
  const { space: source } = readOptions(['space'], { space: '' }, config.options, where);
  if (source === undefined || !isSpaceFile(source)) return { space: searchSpace(source ?? '') };
  if (config.space === undefined) throw damagedConfig(where, 'space', 'the content of a space', config.space);
  // What is read without an error has this form.
  return { space: spaceFromContent(config.space, `${where}, space`), content: config.space as SpaceContent };
}

/** The table of latencies that one or several searches in a folder keep, if their budget is of latency. */
export function readCosts(folder: string): CostTable | undefined {
  const { config, where } = readRun(folder, 'search', 'sweep');
  if (config.costs === undefined) return undefined;
  const { rest, edges } = Object(config.costs);
  const areCosts = (value: unknown): boolean =>
    Array.isArray(value) ? value.every(areCosts) : typeof value === 'number' && value >= 0;
  if (typeof rest === 'number' && Array.isArray(edges) && areCosts(edges)) return { rest, edges };
  throw damagedConfig(where, 'costs', 'a table of latencies', config.costs);
}

/** The configuration of the retraining in a folder. InputError where it holds none, or the file is damaged. */
export function readRetrainConfig(folder: string): RetrainConfig {
  const { config, where } = readRun(folder, 'retrain');
  const retrained = checkedRetrained(config, where);
  const options = readOptions(retrainRunNames, retrainRunDefaults, config.options, where);
  return { options: { ...retrainRunDefaults, ...options }, ...retrained };
}

const commandRuns = {
  search: 'a search',
  sweep: 'several searches',
  select: 'a selection',
  retrain: 'a retrain',
} as const;

function readRun(
  folder: string,
  ...commands: readonly (keyof typeof commandRuns)[]
): { config: Fields; where: string } {
  const config: Fields = readConfig(folder);
  const where = configFile(folder);
  if (commands.some((command) => command === config.command)) return { config, where };
  throw new InputError(
    `${where} is of "${String(config.command)}", expected the run of ${commands.map((command) => commandRuns[command]).join(' or ')}`,
  );
}

/** The stored options of these names. All that have a default must be there. */
function readOptions<Name extends OptionName>(
  names: readonly Name[],
  defaults: Readonly<Partial<Record<Name, unknown>>>,
  stored: unknown,
  where: string,
): Given<Name> {
  if (!isObject(stored)) throw damagedConfig(where, 'options', 'an object', stored);
  const missing = names.find((name) => defaults[name] !== undefined && stored[name] === undefined);
  if (missing) {
    throw new InputError(
      `${where}: the option ${missing} is missing: the file is damaged, or of a version of nas without this option`,
    );
  }
  return storedOptions(names, stored, where);
}

/**
 * The options of a resumed run: its own. Where it is computed may change, what is computed may not: InputError
 * where another value is given.
 */
export function resumedOptions<Options extends object>(
  own: Options,
  given: Partial<Options>,
  changeable: readonly (keyof Options)[],
  folder: string,
): Options {
  const names = Object.keys(given) as (keyof Options & string)[];
  for (const name of names) {
    if (changeable.includes(name) || own[name] === given[name]) continue;
    throw new InputError(
      `the run in ${folder} has ${flagOf(name)} ${String(own[name] ?? 'not given')}; ` +
        `it cannot be resumed with ${String(given[name])}`,
    );
  }
  const changed = names.filter((name) => changeable.includes(name)).map((name) => [name, given[name]]);
  return { ...own, ...Object.fromEntries(changed) };
}
