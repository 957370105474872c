/** Runs a search in a folder. */
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype } from '../../search/genotype.ts';
import { search } from '../../search/search.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames } from '../options.ts';
import { say } from '../output.ts';
import { withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readSearchOptions, resumedOptions } from '../run-config.ts';
import type { Place, SearchRunOptions } from '../run-options.ts';
import { openDataset, openEngine } from '../setting.ts';

export interface SearchRun {
  readonly run: string;
  readonly genotype: string;
  /** Why it ended before its last epoch, where a guard has ended it. */
  readonly stopped?: string;
  /** Weights of the supernet. */
  readonly parameters: number;
}

/** @throws Interruption where it was interrupted */
export async function runSearch(
  defaults: SearchRunOptions,
  wanted: Partial<SearchRunOptions>,
  { out, resume, again }: Place,
  signal: AbortSignal,
): Promise<SearchRun> {
  const given = withFixedData(wanted);
  const options = resume
    ? resumedOptions(readSearchOptions(out), given, deviceOptionNames, out)
    : { ...defaults, ...given };
  const folder = openRun(out, resume);
  const engine = await openEngine(options);
  const dataset = await openDataset(options);
  say(`search: space ${options.space}, order ${options.order}, on ${engine.name}, in ${out}`);
  if (!resume) folder.writeConfig({ command: 'search', version, options });
  const progress = showProgress('search', signal);
  try {
    const setting = { engine, folder, resume, signal, observer: progress };
    const { status, genotype, stopped, parameters } = await search(dataset, options, setting);
    if (status === 'interrupted') throw new Interruption(`saved; continue with: ${again}`);
    if (stopped) say(`search: ended early, ${stopped}; the genotype is that of an earlier epoch`);
    return { run: out, genotype: formatGenotype(genotype), ...(stopped && { stopped }), parameters };
  } finally {
    progress.close();
  }
}
