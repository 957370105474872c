/** Runs a search in a folder. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { search } from '../../search/search.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames } from '../options.ts';
import { say, shellWord } from '../output.ts';
import { isSweep, withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readSearchOptions, resumedOptions } from '../run-config.ts';
import type { Place, SearchRunOptions } from '../run-options.ts';
import { openDataset, openEngine } from '../setting.ts';

export interface SearchRun {
  readonly run: string;
  readonly genotype: string;
  /** Weights of the supernet. */
  readonly parameters: number;
}

/** @throws Interruption where it was interrupted */
export async function runSearch(
  defaults: SearchRunOptions,
  wanted: Partial<SearchRunOptions>,
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
  const given = withFixedData(wanted);
  const options = resume
    ? resumedOptions(readSearchOptions(out), given, deviceOptionNames, out)
    : { ...defaults, ...given };
  return searchInFolder(options, place, signal);
}

/** What searches with the same options but for the seed share. */
export interface SearchTools {
  readonly engine: Engine;
  readonly dataset: Dataset;
}

/**
 * @param tools opened here where they are not given
 * @throws Interruption where it was interrupted
 */
export async function searchInFolder(
  options: SearchRunOptions,
  { out, resume, again }: Place,
  signal: AbortSignal,
  tools?: SearchTools,
): Promise<SearchRun> {
  const folder = openRun(out, resume);
  const engine = tools?.engine ?? (await openEngine(options));
  const dataset = tools?.dataset ?? (await openDataset(options));
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
