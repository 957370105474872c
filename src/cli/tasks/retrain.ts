/** Retrains a genotype in the sub-folder of a run. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { ofKinds } from '../../kinds.ts';
import { retrainOptionKinds } from '../../retrain/option-kinds.ts';
import { retrainDefaultsOf } from '../../retrain/options.ts';
import { retrain } from '../../retrain/retrain.ts';
import { retrainFolder } from '../../runs/layout.ts';
import { requireOpenable, withRun } from '../../runs/run-folder.ts';
import { formatGenotype, type Genotype, skeletonOfGenotype } from '../../search/genotype.ts';
import { loadGenotype } from '../../search/genotype-file.ts';
import { version } from '../../version.ts';
import { Interruption } from '../interruption.ts';
import { percent, say } from '../output.ts';
import { budgetedSize, inheritedData, requireSelected, withFixedData } from '../places.ts';
import { showProgress } from '../progress.ts';
import { readRetrainConfig, resumedOptions } from '../run-config.ts';
import type { Place, RetrainRunOptions } from '../run-options.ts';
import { changeableNames, imagesField, resumeImages } from '../same-images.ts';
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
  requireSelected(source);
  const given = withFixedData(wanted);
  const path = retrainFolder(out);
  const genotype = loadGenotype(source);
  const budgeted = budgetedSize(source);
  const options = resume
    ? resumedOptions(ownOptions(path, formatGenotype(genotype)), given, changeableNames(path), path)
    : {
        ...defaults,
        ...retrainDefaultsOf(skeletonOfGenotype(genotype)),
        ...inheritedData(source),
        ...budgeted,
        ...given,
      };
  const isBudgeted = options.channels === budgeted?.channels && options.cells === budgeted.cells;
  if (budgeted && !isBudgeted) {
    say(
      `the budget of the search in ${source} is for a network of ${budgeted.channels} channels and ${budgeted.cells} cells: ` +
        `it does not hold for ${options.channels} and ${options.cells}`,
    );
  }
  const place = { out: path, resume, again };
  const result = await retrainInFolder(genotype, options, place, signal);
  say(`test accuracy ${percent(result.accuracy)} (best ${percent(result.bestAccuracy)})`);
  return { ...result, run: out };
}

/** What retrainings of several genotypes on the same images share. */
export interface RetrainTools {
  readonly engine: Engine;
  readonly dataset: Dataset;
}

/**
 * @param tools opened here where they are not given
 * @throws Interruption where it was interrupted
 */
export async function retrainInFolder(
  genotype: Genotype,
  options: RetrainRunOptions,
  { out, resume, again }: Place,
  signal: AbortSignal,
  tools?: RetrainTools,
): Promise<RetrainRun> {
  requireOpenable(out, resume);
  const engine = tools?.engine ?? (await openEngine(options));
  const dataset = tools?.dataset ?? (await openDataset(options));
  say(
    `retrain: ${options.cells} cells, ${options.channels} channels, ${options.precision}, on ${engine.name}, in ${out}`,
  );
  if (resume) resumeImages(out, dataset, options.data);
  const { status, accuracy, bestAccuracy, parameters } = await withRun(out, resume, async (folder) => {
    if (!resume) {
      const { name, classes, shape } = dataset;
      folder.writeConfig({
        command: 'retrain',
        version,
        options,
        genotype: formatGenotype(genotype),
        dataset: { name, classes, shape },
        ...imagesField(dataset),
      });
    }
    const observer = showProgress('retrain', signal);
    const setting = { engine, folder, resume, signal, observer };
    const own = ofKinds(options, retrainOptionKinds);
    return retrain(genotype, dataset, own, setting).finally(observer.close);
  });
  if (status === 'interrupted') throw new Interruption(again);
  return { run: out, accuracy, bestAccuracy, parameters };
}

/** The options of the retraining in a folder, which must be of this genotype. */
function ownOptions(path: string, genotype: string): RetrainRunOptions {
  const config = readRetrainConfig(path);
  if (config.genotype === genotype) return config.options;
  throw new InputError(`the run in ${path} trains ${config.genotype}; it cannot be resumed with ${genotype}`);
}
