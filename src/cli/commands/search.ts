import type { CommandModule } from 'yargs';
import type { SearchOptions } from '../../search/options.ts';
import { searchDefaults } from '../../search/options.ts';
import { givenOptions, type OptionName, searchOptionNames, yargsOptions } from '../options.ts';
import { printResult, say } from '../output.ts';
import {
  type DataOptions,
  type DeviceOptions,
  dataDefaults,
  dataOptionNames,
  deviceDefaults,
  deviceOptionNames,
  interruptedExitCode,
  interruption,
} from '../setting.ts';

/** What `config.json` of a search keeps as its options. */
export type SearchRunOptions = SearchOptions & DataOptions & DeviceOptions;

const defaults: SearchRunOptions = { ...searchDefaults, ...dataDefaults, ...deviceDefaults };
const kept = [...searchOptionNames, ...dataOptionNames, ...deviceOptionNames] as const;
const place = { out: 'runs/search', resume: false, json: false } as const;
const names: readonly OptionName[] = [...kept, 'out', 'resume', 'json'];

export const searchCommand: CommandModule = {
  command: 'search',
  describe: 'search an architecture on images (DARTS)',
  builder: (yargs) =>
    yargs
      .options(yargsOptions(names, { ...defaults, ...place }))
      .example('$0 search --epochs 10 --channels 8 --cells 5', 'a quick search on the embedded images')
      .example('$0 search --out runs/x --resume', 'continue an interrupted search'),
  handler: async (argv) => {
    const given = givenOptions<SearchRunOptions>(kept, argv);
    const { out, resume, json } = {
      ...place,
      ...givenOptions<{ out: string; resume: boolean; json: boolean }>(['out', 'resume', 'json'], argv),
    };
    const { resolveOptions } = await import('../run-config.ts');
    const options = resolveOptions(defaults, given, resume ? out : undefined);
    const result = await runSearch(options, out, resume);
    if (!result) {
      process.exitCode = interruptedExitCode;
      return;
    }
    printResult(result, json);
  },
};

/** Runs a search in a folder; undefined where it was interrupted. */
export async function runSearch(
  options: SearchRunOptions,
  out: string,
  resume: boolean,
): Promise<Record<string, unknown> | undefined> {
  const { openDataset, openEngine } = await import('../setting.ts');
  const { openRun } = await import('../../runs/run-folder.ts');
  const { search } = await import('../../search/search.ts');
  const { formatGenotype } = await import('../../search/genotype.ts');
  const { showProgress } = await import('../progress.ts');
  const { version } = await import('../../version.ts');

  const folder = openRun(out, resume);
  const dataset = await openDataset(options);
  const engine = await openEngine(options);
  say(`search: space ${options.space}, order ${options.order}, on ${engine.name}, in ${out}`);
  if (!resume) folder.writeConfig({ command: 'search', version, options });
  const { signal, release } = interruption();
  const progress = showProgress('search', options.epochs);
  try {
    const result = await search(dataset, options, { engine, folder, resume, signal, observer: progress });
    if (result.status === 'interrupted') {
      say(`saved; continue with: nas search --out ${out} --resume`);
      return undefined;
    }
    return { run: out, genotype: formatGenotype(result.genotype), parameters: result.parameters };
  } finally {
    progress.close();
    release();
  }
}
