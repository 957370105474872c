import { existsSync, readFileSync, statSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import type { Dataset } from '../../data/index.ts';
import { InputError } from '../../errors.ts';
import { givenOptions, type OptionName, yargsOptions } from '../options.ts';
import { printResult } from '../output.ts';
import {
  type DataOptions,
  type DeviceOptions,
  dataDefaults,
  dataOptionNames,
  deviceDefaults,
  deviceOptionNames,
} from '../setting.ts';

type EvaluateOptions = DataOptions & DeviceOptions & { readonly weights: 'best' | 'last' };

const defaults: EvaluateOptions = { ...dataDefaults, ...deviceDefaults, weights: 'best' };
const kept = [...dataOptionNames, ...deviceOptionNames, 'weights'] as const satisfies OptionName[];

export const evaluateCommand: CommandModule = {
  command: 'evaluate <model>',
  describe: 'measure the test accuracy of a run or of an .onnx file',
  builder: (yargs) =>
    yargs
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: "a run's folder or an .onnx file",
      })
      .options(yargsOptions([...kept, 'json'], defaults)),
  handler: async (argv) => {
    const source = String(argv.model);
    const given = givenOptions<EvaluateOptions>(kept, argv);
    const { json = false } = givenOptions<{ json: boolean }>(['json'], argv);
    if (!existsSync(source))
      throw new InputError(`${source} does not exist: expected a run's folder or an .onnx file`);
    const evaluate = statSync(source).isDirectory() ? evaluateRun : evaluateFile;
    printResult(await evaluate(source, given), json);
  },
};

async function evaluateRun(run: string, given: Partial<EvaluateOptions>): Promise<Record<string, unknown>> {
  const { openTrained } = await import('../trained.ts');
  const { openDataset, openEngine } = await import('../setting.ts');
  const { compileClassifier, evaluationBatch } = await import('../../retrain/retrain.ts');
  const { accuracyOf, splitLogits } = await import('../../retrain/evaluate.ts');
  const trained = openTrained(run, given.weights ?? defaults.weights);
  const dataset = await openDataset({ ...trained.options, ...given });
  requireSameShape(dataset, trained.dataset.shape, trained.dataset.classes.length, run);
  const engine = await openEngine({ ...defaults, ...given });
  const { classifier, dispose } = await compileClassifier(engine, trained.network, dataset.shape);
  const classify = classifier(trained.weights);
  const { test, classes } = dataset;
  const logits = await splitLogits(classify, dataset, test, trained.normalization, evaluationBatch);
  await dispose();
  return {
    accuracy: accuracyOf(logits, test.labels, classes.length),
    images: test.count,
    dataset: dataset.name,
  };
}

async function evaluateFile(file: string, given: Partial<EvaluateOptions>): Promise<Record<string, unknown>> {
  const { openDataset } = await import('../setting.ts');
  const { loadModel } = await import('../../engine/model.ts');
  const { evaluationBatch } = await import('../../retrain/retrain.ts');
  const { accuracyOf, splitLogits } = await import('../../retrain/evaluate.ts');
  const { pixelRange } = await import('../../export/verify.ts');
  const options = { ...defaults, ...given };
  const provider = options.device === 'auto' ? 'cpu' : options.device;
  const model = await loadModel(readFileSync(file), file, provider);
  const dataset = await openDataset(options);
  const { test, shape, classes } = dataset;
  const [batch, channels, height, width] = model.inputs[0]?.shape ?? [];
  const open = (size: number | string | undefined, actual: number): number =>
    typeof size === 'number' && size > 0 ? size : actual;
  const expected = {
    channels: open(channels, shape.channels),
    height: open(height, shape.height),
    width: open(width, shape.width),
  };
  const outputs = model.outputs[0]?.shape.at(-1);
  requireSameShape(dataset, expected, open(outputs, classes.length), file);
  const size = open(batch, evaluationBatch);
  const classify = (pixels: Float32Array): Promise<Float32Array> =>
    model.run(pixels, [size, shape.channels, shape.height, shape.width]);
  const rows = await splitLogits(classify, dataset, test, pixelRange(shape.channels), size);
  await model.dispose();
  return {
    accuracy: accuracyOf(rows, test.labels, classes.length),
    images: test.count,
    dataset: dataset.name,
  };
}

function requireSameShape(
  { name, shape, classes }: Dataset,
  expected: Dataset['shape'],
  classCount: number,
  model: string,
): void {
  const text = ({ height, width, channels }: Dataset['shape'], count: number): string =>
    `${height}×${width}×${channels}, ${count} classes`;
  const [wanted, got] = [text(expected, classCount), text(shape, classes.length)];
  if (wanted !== got) {
    throw new InputError(
      `${model} takes images of ${wanted}, but the data set ${name} has ${got}; choose another with --data`,
    );
  }
}
