import type { CommandModule } from 'yargs';
import type { RetrainOptions } from '../../retrain/options.ts';
import { retrainDefaults } from '../../retrain/options.ts';
import { givenOptions, type OptionName, retrainOptionNames, yargsOptions } from '../options.ts';
import { percent, printResult, say } from '../output.ts';
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

/** What `config.json` of a retraining keeps as its options. */
export type RetrainRunOptions = RetrainOptions & DataOptions & DeviceOptions;

const defaults: RetrainRunOptions = { ...retrainDefaults, ...dataDefaults, ...deviceDefaults };
const kept = [...retrainOptionNames, ...dataOptionNames, ...deviceOptionNames] as const;
const names: readonly OptionName[] = [...kept, 'out', 'resume', 'json'];

export const retrainCommand: CommandModule = {
  command: 'retrain <genotype>',
  describe: "train the network of a genotype: a search's folder, a file, a published name or the text itself",
  builder: (yargs) =>
    yargs
      .positional('genotype', { type: 'string', demandOption: true })
      .options(
        yargsOptions(names, {
          ...defaults,
          out: 'the search folder, or runs/<name>',
          resume: false,
          json: false,
        }),
      )
      .example(
        '$0 retrain runs/x --epochs 40 --channels 16 --cells 8',
        'train what the search in runs/x found',
      )
      .example('$0 retrain darts_v2', 'train a published architecture'),
  handler: async (argv) => {
    const source = String(argv.genotype);
    const given = givenOptions<RetrainRunOptions>(kept, argv);
    const place = givenOptions<{ out: string; resume: boolean; json: boolean }>(
      ['out', 'resume', 'json'],
      argv,
    );
    const { retrainFolder, retrainPlace } = await import('../places.ts');
    const run = place.out ?? retrainPlace(source);
    const { resolveOptions } = await import('../run-config.ts');
    const { inheritedData } = await import('../places.ts');
    const resume = place.resume ?? false;
    const base = { ...defaults, ...inheritedData(source) };
    const options = resolveOptions(base, given, resume ? retrainFolder(run) : undefined);
    const result = await runRetrain(source, options, run, resume);
    if (!result) {
      process.exitCode = interruptedExitCode;
      return;
    }
    printResult(result, place.json ?? false);
  },
};

/** Retrains in the sub-folder of a run; undefined where it was interrupted. */
export async function runRetrain(
  source: string,
  options: RetrainRunOptions,
  run: string,
  resume: boolean,
): Promise<Record<string, unknown> | undefined> {
  const { retrainFolder } = await import('../places.ts');
  const { openDataset, openEngine } = await import('../setting.ts');
  const { openRun } = await import('../../runs/run-folder.ts');
  const { loadGenotype } = await import('../../search/genotype-file.ts');
  const { formatGenotype } = await import('../../search/genotype.ts');
  const { retrain } = await import('../../retrain/retrain.ts');
  const { showProgress } = await import('../progress.ts');
  const { version } = await import('../../version.ts');

  const genotype = loadGenotype(source);
  const path = retrainFolder(run);
  const folder = openRun(path, resume);
  const dataset = await openDataset(options);
  const engine = await openEngine(options);
  say(`retrain: ${options.cells} cells, ${options.channels} channels, on ${engine.name}, in ${path}`);
  if (!resume) {
    const { name, classes, shape } = dataset;
    folder.writeConfig({
      command: 'retrain',
      version,
      options,
      genotype: formatGenotype(genotype),
      dataset: { name, classes, shape },
    });
  }
  const { signal, release } = interruption();
  const progress = showProgress('retrain', options.epochs);
  try {
    const result = await retrain(genotype, dataset, options, {
      engine,
      folder,
      resume,
      signal,
      observer: progress,
    });
    if (result.status === 'interrupted') {
      say(`saved; continue with: nas retrain ${JSON.stringify(source)} --out ${run} --resume`);
      return undefined;
    }
    say(`test accuracy ${percent(result.accuracy)} (best ${percent(result.bestAccuracy)})`);
    const { accuracy, bestAccuracy, parameters } = result;
    return { run, accuracy, bestAccuracy, parameters };
  } finally {
    progress.close();
    release();
  }
}
