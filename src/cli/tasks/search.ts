/** Runs a search in a folder. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { defaultWarmUp, requireMethodOptions } from '../../search/method-options.ts';
import { drawRandom, requireConsistent, search } from '../../search/search.ts';
import { isSpaceFile, type OpenedSpace, openSpace } from '../../search/spaces.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames, kebab } from '../options.ts';
import { say } from '../output.ts';
import { withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readSearchOptions, readSearchSpace, resumedOptions } from '../run-config.ts';
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
  /** Why it ended before its last epoch, where a guard has ended it. */
  readonly stopped?: string;
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
  const opened = spaceOf(given.space ?? own.space, place, given.space !== undefined);
  if (own.method === 'random') return runRandom(own, given, opened, place);
  // The method is that of `own`, or the run cannot be resumed with it.
  const fitting = given as Partial<SearchRunOptions>;
  const options = resume
    ? resumedOptions(own, fitting, deviceOptionNames, out)
    : {
        ...own,
        ...opened.space.defaults,
        alphaWarmUp: defaultWarmUp(own, fitting.epochs),
        ...fitting,
      };
  requireMethodOptions(options, (name) => `--${kebab(name)}`);
  requireConsistent(options);
  const folder = openRun(out, resume);
  const engine = await openEngine(options);
  const dataset = await openDataset(options);
  say(
    `search: ${options.method}, space ${options.space}, order ${options.order}, ${options.precision}, on ${engine.name}, in ${out}`,
  );
  if (!resume) folder.writeConfig(configOf(options, opened));
  const progress = showProgress('search', signal);
  try {
    const setting = { engine, folder, resume, signal, observer: progress, space: opened.space };
    const { status, genotype, stopped, parameters } = await search(dataset, options, setting);
    if (status === 'interrupted') throw new Interruption(`saved; continue with: ${again}`);
    if (stopped) say(`search: ended early, ${stopped}; the genotype is that of an earlier epoch`);
    return { run: out, genotype: formatGenotype(genotype), ...(stopped && { stopped }), parameters };
  } finally {
    progress.close();
  }
}

/** What a run keeps: a space of one's own whole, as its file may change. */
const configOf = (options: object, { content }: OpenedSpace): object => ({
  command: 'search',
  version,
  options,
  ...(content && { space: content }),
});

/** The space of a new run; of a resumed one as the run keeps it, which must be the one that is named again. */
function spaceOf(source: string, { out, resume }: Place, isNamed: boolean): OpenedSpace {
  if (!resume) return openSpace(source);
  const kept = readSearchSpace(out);
  if (!isNamed || !kept.content || !isSpaceFile(source) || !existsSync(source)) return kept;
  if (isDeepStrictEqual(openSpace(source).content, kept.content)) return kept;
  throw new InputError(
    `${source} has changed since the run in ${out} began, which keeps the space as it was; resume it without --space`,
  );
}

/** Draws a genotype; done at once. InputError where an option is given that this does not read. */
function runRandom(
  own: RandomRunOptions,
  given: GivenSearchOptions,
  opened: OpenedSpace,
  { out, resume }: Place,
): SearchRun {
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
  if (!resume) folder.writeConfig(configOf(options, opened));
  const { genotype, parameters } = drawRandom(opened.space, options.seed, folder);
  return { run: out, genotype: formatGenotype(genotype), parameters };
}
