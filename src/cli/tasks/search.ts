/** Runs a search in a folder. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { requireMethodOptions } from '../../search/method-options.ts';
import { drawRandom, search } from '../../search/search.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames, kebab } from '../options.ts';
import { say, shellWord } from '../output.ts';
import { isSweep, withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readSearchOptions, resumedOptions } from '../run-config.ts';
import {
  type AnySearchOptions,
  type GivenSearchOptions,
  type Place,
  type RandomRunOptions,
  randomRunNames,
  type SearchRunOptions,
} from '../run-options.ts';
import { openDataset, openEngine } from '../setting.ts';

export interface SearchRun {
  readonly run: string;
  readonly genotype: string;
  /** Weights of the supernet. */
  readonly parameters: number;
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
  const own = resume ? readSearchOptions(out) : defaults;
  return searchInFolder(chosenOptions(own, wanted, resume ? out : undefined), place, signal);
}

/**
 * What is wanted, over what a run has.
 *
 * @param own the defaults; of a run that is resumed its own, and `resumed` is its folder
 * @throws InputError where an option is given that the method does not read, or that contradicts what is resumed
 */
export function chosenOptions(
  own: AnySearchOptions,
  wanted: GivenSearchOptions,
  resumed: string | undefined,
): AnySearchOptions {
  const given = withFixedData(wanted);
  if (own.method === 'random') requireReadByRandom(given);
  // The method is that of `own`, or the run cannot be resumed with it.
  const fitting = given as Partial<AnySearchOptions>;
  const changeable = own.method === 'random' ? [] : deviceOptionNames;
  const options =
    resumed === undefined
      ? ({ ...own, ...fitting } as AnySearchOptions)
      : resumedOptions<AnySearchOptions>(
          own,
          fitting,
          changeable as readonly (keyof AnySearchOptions)[],
          resumed,
        );
  if (options.method !== 'random') requireMethodOptions(options, (name) => `--${kebab(name)}`);
  return options;
}

function requireReadByRandom(given: GivenSearchOptions): void {
  const unread = Object.keys(given).find((name) => !(randomRunNames as readonly string[]).includes(name));
  if (unread === undefined) return;
  throw new InputError(
    `--${kebab(unread)} is not for the method random, which trains nothing: ` +
      `it reads ${randomRunNames.map((name) => `--${kebab(name)}`).join(', ')}`,
  );
}

/** What searches with the same options but for the seed share. */
export interface SearchTools {
  readonly engine: Engine;
  readonly dataset: Dataset;
}

export const openTools = async (options: SearchRunOptions): Promise<SearchTools> => ({
  engine: await openEngine(options),
  dataset: await openDataset(options),
});

/**
 * @param tools opened here where they are not given
 * @throws Interruption where it was interrupted
 */
export async function searchInFolder(
  options: AnySearchOptions,
  place: Place,
  signal: AbortSignal,
  tools?: SearchTools,
): Promise<SearchRun> {
  if (options.method === 'random') return drawInFolder(options, place);
  const { out, resume, again } = place;
  const folder = openRun(out, resume);
  const { engine, dataset } = tools ?? (await openTools(options));
  say(
    `search: ${options.method}, space ${options.space}, order ${options.order}, seed ${options.seed}, ` +
      `on ${engine.name}, in ${out}`,
  );
  if (!resume) folder.writeConfig({ command: 'search', version, options });
  const progress = showProgress('search', options.epochs, signal);
  try {
    const setting = { engine, folder, resume, signal, observer: progress };
    const { status, genotype, parameters } = await search(dataset, options, setting);
    if (status === 'interrupted') throw new Interruption(`saved; continue with: ${again}`);
    return { run: out, genotype: formatGenotype(genotype), parameters };
  } finally {
    progress.close();
  }
}

/** Draws a genotype; done at once. */
function drawInFolder(options: RandomRunOptions, { out, resume }: Place): SearchRun {
  const folder = openRun(out, resume);
  say(`search: random, space ${options.space}, seed ${options.seed}, in ${out}`);
  if (!resume) folder.writeConfig({ command: 'search', version, options });
  const { genotype, parameters } = drawRandom(options, folder);
  return { run: out, genotype: formatGenotype(genotype), parameters };
}
