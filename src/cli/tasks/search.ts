/** Runs a search in a folder. */
import { InputError } from '../../errors.ts';
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { requireMethodOptions } from '../../search/method-options.ts';
import { drawRandom, search } from '../../search/search.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames, kebab } from '../options.ts';
import { say } from '../output.ts';
import { withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readSearchOptions, resumedOptions } from '../run-config.ts';
import {
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
  defaults: SearchRunOptions | RandomRunOptions,
  wanted: GivenSearchOptions,
  place: Place,
  signal: AbortSignal,
): Promise<SearchRun> {
  const given = withFixedData(wanted);
  const { out, resume, again } = place;
  const own = resume ? readSearchOptions(out) : defaults;
  if (own.method === 'random') return runRandom(own, given, place);
  // The method is that of `own`, or the run cannot be resumed with it.
  const fitting = given as Partial<SearchRunOptions>;
  const options = resume ? resumedOptions(own, fitting, deviceOptionNames, out) : { ...own, ...fitting };
  requireMethodOptions(options, (name) => `--${kebab(name)}`);
  const folder = openRun(out, resume);
  const engine = await openEngine(options);
  const dataset = await openDataset(options);
  say(
    `search: ${options.method}, space ${options.space}, order ${options.order}, on ${engine.name}, in ${out}`,
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

/** Draws a genotype; done at once. InputError where an option is given that this does not read. */
function runRandom(own: RandomRunOptions, given: GivenSearchOptions, { out, resume }: Place): SearchRun {
  const unread = Object.keys(given).find((name) => !(randomRunNames as readonly string[]).includes(name));
  if (unread) {
    throw new InputError(
      `--${kebab(unread)} is not for the method random, which trains nothing: ` +
        `it reads ${randomRunNames.map((name) => `--${kebab(name)}`).join(', ')}`,
    );
  }
  const fitting = given as Partial<RandomRunOptions>;
  const options = resume ? resumedOptions(own, fitting, [], out) : { ...own, ...fitting };
  const folder = openRun(out, resume);
  say(`search: random, space ${options.space}, seed ${options.seed}, in ${out}`);
  if (!resume) folder.writeConfig({ command: 'search', version, options });
  const { genotype, parameters } = drawRandom(options, folder);
  return { run: out, genotype: formatGenotype(genotype), parameters };
}
