/** Retrains a genotype in the sub-folder of a run. */

import { InputError } from '../../errors.ts';
import { retrainDefaultsOf } from '../../retrain/options.ts';
import { retrain } from '../../retrain/retrain.ts';
import { openRun } from '../../runs/run-folder.ts';
import { formatGenotype, skeletonOfGenotype } from '../../search/genotype.ts';
import { loadGenotype } from '../../search/genotype-file.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { deviceOptionNames } from '../options.ts';
import { percent, say } from '../output.ts';
import { inheritedData, retrainFolder, withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readRetrainConfig, resumedOptions } from '../run-config.ts';
import type { Place, RetrainRunOptions } from '../run-options.ts';
import { openDataset, openEngine } from '../setting.ts';

export interface RetrainRun {
  readonly run: string;
  /** Test accuracy in [0, 1] after the last epoch, and the best of all evaluations. */
  readonly accuracy: number;
  readonly bestAccuracy: number;
  /** Trainable weights, without the auxiliary head. */
  readonly parameters: number;
}

/**
 * @param source names the genotype: a search's folder, a file, a published name or the text itself
 * @throws Interruption where it was interrupted
 */
export async function runRetrain(
  source: string,
  defaults: RetrainRunOptions,
  wanted: Partial<RetrainRunOptions>,
  { out, resume, again }: Place,
  signal: AbortSignal,
): Promise<RetrainRun> {
  const given = withFixedData(wanted);
  const path = retrainFolder(out);
  const genotype = loadGenotype(source);
  const text = formatGenotype(genotype);
  const options = resume
    ? resumedOptions(ownOptions(path, text), given, deviceOptionNames, path)
    : { ...defaults, ...retrainDefaultsOf(skeletonOfGenotype(genotype)), ...inheritedData(source), ...given };
  const folder = openRun(path, resume);
  const engine = await openEngine(options);
  const dataset = await openDataset(options);
  say(
    `retrain: ${options.cells} cells, ${options.channels} channels, ${options.precision}, on ${engine.name}, in ${path}`,
  );
  if (!resume) {
    const { name, classes, shape } = dataset;
    folder.writeConfig({
      command: 'retrain',
      version,
      options,
      genotype: text,
      dataset: { name, classes, shape },
    });
  }
  const progress = showProgress('retrain', signal);
  try {
    const setting = { engine, folder, resume, signal, observer: progress };
    const { status, accuracy, bestAccuracy, parameters } = await retrain(genotype, dataset, options, setting);
    if (status === 'interrupted') throw new Interruption(`saved; continue with: ${again}`);
    say(`test accuracy ${percent(accuracy)} (best ${percent(bestAccuracy)})`);
    return { run: out, accuracy, bestAccuracy, parameters };
  } finally {
    progress.close();
  }
}

/** The options of the retraining in a folder, which must be of this genotype. */
function ownOptions(path: string, genotype: string): RetrainRunOptions {
  const config = readRetrainConfig(path);
  if (config.genotype === genotype) return config.options;
  throw new InputError(`the run in ${path} trains ${config.genotype}; it cannot be resumed with ${genotype}`);
}
