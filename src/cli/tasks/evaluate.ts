/** Measures the test accuracy of a run's network or of an .onnx file. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Dataset, ImageShape } from '../../data/index.ts';
import { type LoadedModel, loadModel } from '../../engine/model.ts';
import { InputError } from '../../errors.ts';
import { pixelRange } from '../../export/verify.ts';
import { isLabels, metadataFromProps } from '../../onnx/metadata.ts';
import { readModelInfo } from '../../onnx/serde.ts';
import { accuracyOf, splitLogits } from '../../retrain/evaluate.ts';
import { compileClassifier, evaluationBatch } from '../../retrain/retrain.ts';
import { dataOptionNames } from '../options.ts';
import { withFixedData } from '../places.ts';
import { sayIfOthers } from '../same-images.ts';
import {
  type DataOptions,
  type DeviceOptions,
  dataDefaults,
  deviceDefaults,
  deviceOf,
  openDataset,
  openEngine,
} from '../setting.ts';
import { openTrained } from '../trained.ts';
import { requireFit } from './fit.ts';

export type EvaluateOptions = DataOptions & DeviceOptions & { readonly weights: 'best' | 'last' };

export interface Evaluation {
  /** In [0, 1]. */
  readonly accuracy: number;
  /** Test images it was measured on. */
  readonly images: number;
  readonly dataset: string;
}

/** @param source a run's folder or an .onnx file */
export async function evaluate(source: string, given: Partial<EvaluateOptions>): Promise<Evaluation> {
  if (!existsSync(source)) {
    throw new InputError(`${source} does not exist: expected a run's folder or an .onnx file`);
  }
  const found = statSync(source);
  if (!found.isDirectory() && !found.isFile()) {
    throw new InputError(
      `${source} is a pipe, a socket or a device: expected a run's folder or an .onnx file`,
    );
  }
  const evaluateIt = found.isDirectory() ? evaluateRun : evaluateFile;
  return evaluateIt(source, withFixedData(given));
}

const evaluationOf = ({ test, classes, name }: Dataset, logits: Float32Array): Evaluation => ({
  accuracy: accuracyOf(logits, test.labels, classes.length),
  images: test.count,
  dataset: name,
});

async function evaluateRun(run: string, given: Partial<EvaluateOptions>): Promise<Evaluation> {
  const trained = openTrained(run, given.weights ?? 'best');
  const engine = await openEngine({ ...deviceDefaults, ...given });
  const dataset = await openDataset({ ...trained.options, ...given }, trained.dataset.shape.channels);
  requireFit(dataset, trained.dataset, run);
  if (dataOptionNames.every((name) => given[name] === undefined)) sayIfOthers(trained.folder, dataset);
  const { classifier, dispose } = await compileClassifier(engine, trained.network, dataset.shape);
  const classify = classifier(trained.weights);
  const logits = await splitLogits(
    classify,
    dataset,
    dataset.test,
    trained.normalization,
    evaluationBatch,
  ).finally(dispose);
  return evaluationOf(dataset, logits);
}

async function evaluateFile(file: string, given: Partial<EvaluateOptions>): Promise<Evaluation> {
  const unused = (['engine', 'weights'] as const).find((name) => given[name] !== undefined);
  if (unused)
    throw new InputError(`--${unused} is for the folder of a run; ${file} is run by onnxruntime as it is`);
  const { threads, ...options } = { ...dataDefaults, ...deviceDefaults, ...given };
  const provider = await deviceOf(options);
  const bytes = readFileSync(file);
  const model = await loadModel(bytes, file, { provider, ...(threads && { threads }) });
  const { labels } = metadataFromProps(readModelInfo(bytes).metadata);
  return evaluateModel(model, labels, file, options).finally(model.dispose);
}

async function evaluateModel(
  model: LoadedModel,
  labels: unknown,
  file: string,
  options: DataOptions,
): Promise<Evaluation> {
  const { shape: sizes = [] } = model.inputs[0] ?? {};
  if (sizes.length !== 4) {
    throw new InputError(
      `${file}: expected an input [N, channels, height, width], got [${sizes.join(', ')}]`,
    );
  }
  const [batch, channels, height, width] = sizes;
  const dataset = await openDataset(options, known(channels, 0));
  const { shape, classes } = dataset;
  const expected: ImageShape = {
    channels: known(channels, shape.channels),
    height: known(height, shape.height),
    width: known(width, shape.width),
  };
  const count = known(model.outputs[0]?.shape.at(-1), classes.length);
  const named = isLabels(labels) && labels.length === count;
  requireFit(dataset, { shape: expected, classes: named ? labels : count }, file);
  const size = known(batch, evaluationBatch);
  const classify = (pixels: Float32Array): Promise<Float32Array> =>
    model.run(pixels, [size, shape.channels, shape.height, shape.width]);
  const logits = await splitLogits(classify, dataset, dataset.test, pixelRange(shape.channels), size);
  return evaluationOf(dataset, logits);
}

/** A model's size where it has one; a named size takes any, and so the actual one. */
const known = (size: number | string | undefined, actual: number): number =>
  typeof size === 'number' && size > 0 ? size : actual;
