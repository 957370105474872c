/** Exports the trained network of a run, verifies the file and only then writes it. */

import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { modelCard } from '../../export/card.ts';
import { type NetworkCost, networkCost } from '../../export/cost.ts';
import { inferenceGraph, modelBytes } from '../../export/model.ts';
import { sampleFiles } from '../../export/samples.ts';
import { type Verification, verifyModel } from '../../export/verify.ts';
import { cardPath, samplesFolder } from '../../model-files.ts';
import { networkSize } from '../../retrain/network.ts';
import { requireWritable, writeWhole } from '../../runs/files.ts';
import { version } from '../../version.ts';
import { percent, say } from '../output.ts';
import { withFixedData } from '../places.ts';
import { sayIfOthers } from '../same-images.ts';
import { type DataOptions, type DeviceOptions, openDataset, openEngine } from '../setting.ts';
import { openTrained } from '../trained.ts';
import { requireFit } from './fit.ts';

/** The data options say where the run's images are now, if not where they were. */
export interface ExportOptions extends DeviceOptions, Partial<DataOptions> {
  /** The file to write. */
  readonly onnx: string;
  readonly softmax: boolean;
  readonly weights: 'best' | 'last';
  /** Test images that the file is verified on. */
  readonly images: number;
  /** Whether test images are written beside the file, which the page of `nas serve` offers to try it on. */
  readonly samples: boolean;
}

/** What was written and what was proven of it. */
export interface ExportResult extends NetworkCost {
  readonly onnx: string;
  readonly bytes: number;
  /** Test accuracy in [0, 1]. */
  readonly accuracy: number;
  /** How many images were written beside it. */
  readonly samples: number;
  readonly verification: Verification;
}

const extension = '.onnx';

export async function runExport(run: string, options: ExportOptions): Promise<ExportResult> {
  const { onnx, softmax, images } = options;
  if (!onnx.endsWith(extension))
    throw new InputError(`--onnx must name a file that ends in ${extension}, got ${onnx}`);
  const card = cardPath(onnx);
  const sampleFile = (name: string): string => join(samplesFolder(onnx), name);
  for (const path of [onnx, card, ...(options.samples ? [sampleFile('any.png')] : [])]) requireWritable(path);
  const trained = openTrained(run, options.weights);
  const { network, weights, normalization, genotypeText, accuracy } = trained;
  const engine = await openEngine(options);
  const dataset = await openDataset(
    { ...trained.options, ...withFixedData(options) },
    trained.dataset.shape.channels,
  );
  requireFit(dataset, trained.dataset, run);
  const { imageSize, trainLimit, testLimit } = options;
  // With these the images are others on purpose.
  if (!imageSize && !trainLimit && !testLimit) sayIfOthers(trained.folder, dataset);
  const { shape, classes } = dataset;
  const metadata = {
    labels: trained.dataset.classes,
    image: shape,
    normalization,
    genotype: genotypeText,
    dataset: trained.dataset.name,
    accuracy,
    version,
  };
  const bytes = modelBytes(inferenceGraph(network, weights, normalization, shape, { softmax }), metadata);
  say(`verifying on ${Math.min(images, dataset.test.count)} test images against ${engine.name}`);
  const verification = await verifyModel(bytes, {
    engine,
    network,
    weights,
    normalization,
    dataset,
    softmax,
    images,
  });
  const cost = networkCost(trained.genotype, networkSize(trained.options, { shape, classes }));
  writeWhole(onnx, bytes);
  writeWhole(card, modelCard(metadata, { ...cost, bytes: bytes.length, verification }));
  const samples = options.samples ? await sampleFiles(dataset) : [];
  for (const { name, bytes: file } of samples) writeWhole(sampleFile(name), file);
  say(`written ${onnx}, test accuracy ${percent(accuracy)}`);
  return { onnx, bytes: bytes.length, accuracy, samples: samples.length, ...cost, verification };
}
