/** Image classification on top of inference: which models can do it, and from logits to labels. */

import type { ImageShape } from '../../data/dataset.ts';
import { InputError } from '../../errors.ts';
import { isLabels, type ModelMetadata } from '../../onnx/metadata.ts';
import { softmax } from '../../softmax.ts';
import type { NamedTensors, TensorSignature } from '../tensor.ts';
import type { ModelConfig } from './config.ts';

/** What a model that classifies images takes and gives. */
export interface Classifier {
  readonly image: ImageShape;
  readonly input: string;
  /** The order of an image's dimensions: channels first or last. */
  readonly layout: 'nchw' | 'nhwc';
  /** What becomes of pixels in [0, 1] before the model sees them: (x - mean) / std of the channel. */
  readonly normalization: ModelConfig['normalization'];
  readonly output: string;
  readonly labels: readonly string[];
}

/** One class and how likely it is. */
interface Label {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

/** An output of this name holds probabilities already; any other holds logits. */
const probabilities = 'probabilities';

export interface Described {
  /** What the model says about itself; it may be anybody's. */
  readonly metadata: Partial<ModelMetadata>;
  readonly config: Pick<ModelConfig, 'image' | 'labels' | 'normalization'>;
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/**
 * How a model classifies images, by its configuration, its metadata and its signature; or why it does not.
 *
 * @throws InputError for a configuration that does not fit the model: images that it does not take, labels for more or
 *   fewer classes, a normalization of other channels
 */
export function classifierOf(described: Described): Classifier | string {
  const { config } = described;
  const classifier = foundClassifier(described);
  if (typeof classifier === 'string') {
    if (config.image) throw new InputError(`image: the model cannot classify such images: ${classifier}`);
    return classifier;
  }
  const classes = described.outputs.find(({ name }) => name === classifier.output)?.shape.at(-1);
  const count = config.labels?.length ?? classes;
  if (typeof classes === 'number' && count !== classes) {
    throw new InputError(
      `labels: expected ${classes}, one for each value of the output ${classifier.output}, got ${count}`,
    );
  }
  return classifier;
}

function foundClassifier({ metadata, config, inputs, outputs }: Described): Classifier | string {
  const image: unknown = config.image ?? metadata.image;
  const labels: unknown = config.labels ?? metadata.labels;
  const [input, ...others] = inputs;
  const output = outputs.find((candidate) => candidate.name === probabilities) ?? outputs[0];
  if (!isImageShape(image)) {
    return 'neither its metadata (nas.image) nor its config.json (image) names an image of 1 or 3 channels';
  }
  if (!isFloat(input) || others.length > 0) return 'it does not take exactly one FP32 input';
  if (!isFloat(output)) return 'its output is not FP32';
  const layout = layoutOf(input, image);
  if (!layout) return `its input [${input.shape.join(', ')}] does not take images of that size`;
  return {
    image,
    input: input.name,
    layout,
    normalization: normalizationOf(config, image),
    output: output.name,
    labels: isLabels(labels) ? labels : [],
  };
}

function normalizationOf(
  { normalization }: Described['config'],
  { channels }: ImageShape,
): Classifier['normalization'] {
  for (const name of ['mean', 'std'] as const) {
    const count = normalization?.[name].length ?? channels;
    if (count === channels) continue;
    throw new InputError(
      `normalization: expected ${channels} values of ${name}, one for each channel of the model's images, got ${count}`,
    );
  }
  return normalization;
}

/** Undefined where the input takes no such images. An empty shape is an unknown one. */
function layoutOf({ shape }: TensorSignature, image: ImageShape): Classifier['layout'] | undefined {
  const { channels, height, width } = image;
  const fits = (...lengths: number[]): boolean =>
    shape.length === 4 &&
    lengths.every((length, i) => typeof shape[i + 1] === 'string' || shape[i + 1] === length);
  if (shape.length === 0 || fits(channels, height, width)) return 'nchw';
  return fits(height, width, channels) ? 'nhwc' : undefined;
}

/** The `count` most probable classes, most probable first. A class without a label is called by its index. */
export function topLabels(classifier: Classifier, results: NamedTensors, count: number): Label[] {
  const values = Array.from(results.get(classifier.output)?.data ?? [], Number);
  return (classifier.output === probabilities ? values : softmax(values))
    .map((probability, index) => ({ label: classifier.labels[index] ?? String(index), index, probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}

const isFloat = (signature: TensorSignature | undefined): signature is TensorSignature =>
  signature?.dtype === 'float32';

const isLength = (value: unknown): boolean => Number.isInteger(value) && Number(value) > 0;

const isImageShape = (value: unknown): value is ImageShape => {
  const image = value as Partial<ImageShape> | null | undefined;
  return (
    isLength(image?.height) && isLength(image?.width) && (image?.channels === 1 || image?.channels === 3)
  );
};
