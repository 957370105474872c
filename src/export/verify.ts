/** Proof that an ONNX file computes what the training engine computes, on real images. */
import type { Dataset, Normalization } from '../data/index.ts';
import type { Engine } from '../engine/engine.ts';
import { loadModel } from '../engine/model.ts';
import { FailureError } from '../errors.ts';
import { accuracyOf, splitLogits } from '../retrain/evaluate.ts';
import type { Network } from '../retrain/network.ts';
import { compileClassifier, evaluationBatch } from '../retrain/retrain.ts';
import type { Weights } from '../retrain/weights.ts';
import { softmax as softmaxOf } from '../softmax.ts';

export interface Verification {
  /** Test images compared. */
  readonly images: number;
  /** The largest difference of an output element. */
  readonly maxDifference: number;
  /** Of the file, in [0, 1]. */
  readonly accuracy: number;
}

/**
 * How far output elements may differ: single precision rounds them the more the larger the logits are.
 *
 * @param logits all of them
 */
export const toleranceFor = (logits: Float32Array): number =>
  logits.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 10) * 1e-5;

/** Pixels as the file takes them: unnormalised, in [0, 1]. */
export const pixelRange = (channels: number): Normalization => ({
  mean: Array<number>(channels).fill(0),
  std: Array<number>(channels).fill(1),
});

/**
 * Compares the file with the engine on the first `images` test images.
 *
 * @throws FailureError where an output differs by more than the tolerance, or the accuracies differ
 */
export async function verifyModel(
  bytes: Uint8Array,
  {
    engine,
    network,
    weights,
    normalization,
    dataset,
    softmax,
    images,
  }: {
    readonly engine: Engine;
    readonly network: Network;
    readonly weights: Weights;
    readonly normalization: Normalization;
    readonly dataset: Dataset;
    readonly softmax: boolean;
    readonly images: number;
  },
): Promise<Verification> {
  const { test, shape, classes } = dataset;
  const count = Math.min(images, test.count);
  const compiled = await compileClassifier(engine, network, shape);
  const logits = await splitLogits(
    compiled.classifier(weights),
    dataset,
    test,
    normalization,
    evaluationBatch,
    count,
  ).finally(compiled.dispose);
  const expected = softmax ? softmaxRows(logits, classes.length) : logits;

  const model = await loadModel(bytes, 'the exported model');
  const classify = (pixels: Float32Array): Promise<Float32Array> =>
    model.run(pixels, [evaluationBatch, shape.channels, shape.height, shape.width]);
  const actual = await splitLogits(
    classify,
    dataset,
    test,
    pixelRange(shape.channels),
    evaluationBatch,
    count,
  ).finally(model.dispose);

  let maxDifference = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((expected[i] as number) - (actual[i] as number));
    maxDifference = Math.max(maxDifference, difference);
  }
  const [wanted, accuracy] = [expected, actual].map((rows) =>
    accuracyOf(rows, test.labels, classes.length),
  ) as [number, number];
  const tolerance = toleranceFor(logits);
  // A NaN would not be within it.
  if (!(maxDifference <= tolerance) || wanted !== accuracy) {
    throw new FailureError(
      `the exported model does not compute what ${engine.name} does: on ${count} test images its output differs by up to ` +
        `${maxDifference} (allowed ${tolerance}), its accuracy is ${accuracy} (expected ${wanted}); the file was not written`,
    );
  }
  return { images: count, maxDifference, accuracy };
}

/** softmax of each row of [rows, classes], row-major. */
function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const result = new Float32Array(logits.length);
  for (let begin = 0; begin < logits.length; begin += classes) {
    result.set(softmaxOf([...logits.subarray(begin, begin + classes)]), begin);
  }
  return result;
}
