/** Runs a search in a folder. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { ofKinds } from '../../kinds.ts';
import { requireOpenable, withRun } from '../../runs/run-folder.ts';
import { type Budget, costOf } from '../../search/budget.ts';
import { formatCost } from '../../search/budget-text.ts';
import { requireConsistent, requireRead } from '../../search/consistent.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { defaultWarmUp, requireMethodOptions } from '../../search/method-options.ts';
import { searchOptionKinds } from '../../search/option-kinds.ts';
import { drawRandom, search } from '../../search/search.ts';
import { isSpaceFile, type OpenedSpace, openSpace } from '../../search/spaces.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { flagOf } from '../options.ts';
import { say, shellWord } from '../output.ts';
import { isSweep, withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readCosts, readSearchOptions, readSearchSpace, resumedOptions } from '../run-config.ts';
import {
  type AnySearchOptions,
  type GivenSearchOptions,
  type Place,
  randomRunNames,
  type SearchRunOptions,
} from '../run-options.ts';
import { changeableNames, imagesField, resumeImages } from '../same-images.ts';
import { openDataset, openEngine } from '../setting.ts';
import { budgetSize, openBudget, requireBudgetOptions, requireWithin } from './budget.ts';

export interface SearchRun {
  readonly run: string;
  readonly genotype: string;
  /** Why it ended before its last epoch, where a guard has ended it. */
  readonly stopped?: string;
  /** Weights of the supernet, where there is one. */
  readonly parameters?: number;
  /** Of the found network, as its budget counts it; a latency is an estimate in milliseconds. */
  readonly cost?: number;
}

/**
 * @param defaults those of the method that is wanted
 * @throws Interruption where it was interrupted
 */
export async function runSearch(
  defaults: AnySearchOptions,
  wanted: GivenSearchOptions,
  place: Place,
  signal: AbortSignal,
): Promise<SearchRun> {
  const { out, resume } = place;
  if (isSweep(out)) {
    throw new InputError(
      `${out} holds several searches already; choose another --out, or continue them with ` +
        `nas search --out ${shellWord(out)} --resume`,
    );
  }
  const plan = resume ? resumedPlan(readSearchOptions(out), wanted, out) : newPlan(defaults, wanted);
  return searchInFolder(plan, place, signal);
}

/** What is searched, and how. */
export interface SearchPlan {
  readonly options: AnySearchOptions;
  readonly opened: OpenedSpace;
}

/** @throws InputError where an option is given that the method does not read */
export function newPlan(defaults: AnySearchOptions, wanted: GivenSearchOptions): SearchPlan {
  const given = withFixedData(wanted);
  const opened = openSpace(given.space ?? defaults.space);
  if (defaults.method === 'random') requireReadByRandom(given);
  const usual =
    defaults.method === 'random'
      ? {}
      : { ...opened.space.defaults, alphaWarmUp: defaultWarmUp(defaults, given.epochs) };
  return { options: checked({ ...defaults, ...usual, ...given } as AnySearchOptions, given), opened };
}

/**
 * The plan of the run in a folder. What came from a file is kept there: the file may change or be gone.
 *
 * @throws InputError where an option is given that contradicts the run's own, or that the method does not read
 */
export function resumedPlan(own: AnySearchOptions, wanted: GivenSearchOptions, folder: string): SearchPlan {
  const given = withFixedData(wanted);
  if (own.method === 'random') requireReadByRandom(given);
  const opened = readSearchSpace(folder);
  const changeable: readonly string[] = own.method === 'random' ? [] : changeableNames(folder);
  // The method is that of `own`, or the run cannot be resumed with it.
  const options = resumedOptions<AnySearchOptions>(
    own,
    given as Partial<AnySearchOptions>,
    changeable as readonly (keyof AnySearchOptions)[],
    folder,
  );
  const { space: source } = given;
  const mayDiffer = source !== undefined && opened.content && isSpaceFile(source) && existsSync(source);
  if (mayDiffer && !isDeepStrictEqual(openSpace(source).content, opened.content)) {
    throw new InputError(
      `${source} has changed since the run in ${folder} began, which keeps the space as it was; resume it without --space`,
    );
  }
  return { options: checked(options, given), opened };
}

function checked(options: AnySearchOptions, given: GivenSearchOptions): AnySearchOptions {
  if (options.method !== 'random') {
    requireMethodOptions(options, flagOf);
    requireRead(given, options, flagOf);
    requireConsistent(options, flagOf);
    requireBudgetOptions(options);
  }
  return options;
}

function requireReadByRandom(given: GivenSearchOptions): void {
  const unread = Object.keys(given).find((name) => !(randomRunNames as readonly string[]).includes(name));
  if (unread === undefined) return;
  throw new InputError(
    `${flagOf(unread)} is not for the method random, which trains nothing: ` +
      `it reads ${randomRunNames.map(flagOf).join(', ')}`,
  );
}

/** What a run keeps: a space of one's own whole. */
export const configOf = (
  command: 'search' | 'sweep',
  { options, opened: { content } }: SearchPlan,
  more: object = {},
): object => ({ command, version, ...more, options, ...(content && { space: content }) });

/** What searches with the same options but for the seed share. */
export interface SearchTools {
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly budget: Budget | undefined;
}

/**
 * @param begun the folder of what is resumed: its images must be the same, and its latencies are kept
 * @throws InputError where the images are others, or no network of the space is within the budget
 */
export async function openTools(
  options: SearchRunOptions,
  { space }: OpenedSpace,
  begun: string | undefined,
): Promise<SearchTools> {
  const engine = await openEngine(options);
  const dataset = await openDataset(options);
  if (begun !== undefined) resumeImages(begun, dataset, options.data);
  const kept = begun === undefined ? undefined : readCosts(begun);
  return { engine, dataset, budget: openBudget(options, space, dataset, kept) };
}

/** What a run keeps of them. Latencies come from a file, too, as the images do. */
export const toolsFields = ({ dataset, budget }: SearchTools): object => ({
  ...(budget?.cost === 'latency' && { costs: budget.table }),
  ...imagesField(dataset),
});

/**
 * @param tools opened here where they are not given
 * @throws Interruption where it was interrupted
 */
export async function searchInFolder(
  plan: SearchPlan,
  { out, resume, again }: Place,
  signal: AbortSignal,
  tools?: SearchTools,
): Promise<SearchRun> {
  const { options, opened } = plan;
  requireOpenable(out, resume);
  if (options.method === 'random') {
    // A genotype is drawn at once.
    say(`search: random, space ${opened.space.name}, seed ${options.seed}, in ${out}`);
    const { genotype } = await withRun(out, resume, (folder) => {
      if (!resume) folder.writeConfig(configOf('search', plan));
      return drawRandom(opened.space, options.seed, folder);
    });
    return { run: out, genotype: formatGenotype(genotype) };
  }
  const shared = tools ?? (await openTools(options, opened, resume ? out : undefined));
  const { engine, dataset, budget } = shared;
  say(
    `search: ${options.method}, space ${opened.space.name}, order ${options.order}, ${options.precision}, ` +
      `seed ${options.seed}, on ${engine.name}, in ${out}`,
  );
  if (resume && tools) resumeImages(out, dataset, options.data);
  const { status, genotype, stopped, parameters, unsearched } = await withRun(out, resume, async (folder) => {
    if (!resume) folder.writeConfig(configOf('search', plan, toolsFields(shared)));
    const observer = showProgress('search', signal);
    const setting = { engine, folder, resume, signal, observer, space: opened.space, budget };
    return search(dataset, ofKinds(options, searchOptionKinds), setting).finally(observer.close);
  });
  if (status === 'interrupted') throw new Interruption(again);
  if (stopped) say(`search: ended early, as ${stopped}; the genotype is that of an earlier epoch`);
  const found = { run: out, genotype: formatGenotype(genotype), ...(stopped && { stopped }), parameters };
  if (unsearched.length > 0) {
    say(
      `search: no cell of this network is of the kind ${unsearched.join(' or ')}: what the genotype has for it was not ` +
        'searched; take more cells',
    );
  }
  if (!budget) return found;
  requireWithin(genotype, budget, budgetSize(options, dataset));
  const cost = costOf(genotype, budget.table, opened.space);
  say(`the network's ${budget.cost}: ${formatCost(budget.cost, cost)}`);
  return { ...found, cost };
}
