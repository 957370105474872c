/** Image classification on top of inference: which models can do it, and from logits to labels. */

import type { ImageShape } from '../data/dataset.ts';
import { softmax } from '../softmax.ts';
import type { Model } from './model.ts';
import { errors } from './protocol/errors.ts';
import type { NamedTensors, TensorSignature } from './tensor.ts';

/** What a model that classifies images takes and gives. */
export interface Classifier {
  readonly image: ImageShape;
  readonly input: string;
  readonly output: string;
  readonly labels: readonly string[];
}

/** One class and how likely it is. */
export interface Label {
  readonly label: string;
  readonly index: number;
  readonly probability: number;
}

/** An output of this name holds probabilities already; any other holds logits. */
const probabilities = 'probabilities';

/**
 * How a model classifies images: by its metadata, which may be anybody's, and its signature. Throws a 400 that
 * says why if it does not.
 */
export function classifierOf({ name, metadata, session }: Model): Classifier {
  const { image, labels } = metadata;
  const [input, ...others] = session.inputs;
  const output = session.outputs.find((candidate) => candidate.name === probabilities) ?? session.outputs[0];
  const fail = (reason: string): never => {
    throw errors.notClassifier(name, reason);
  };
  if (!isImageShape(image)) return fail('its metadata have no nas.image with 1 or 3 channels');
  if (!isFloat(input) || others.length > 0) return fail('it does not take exactly one FP32 input');
  if (!isFloat(output)) return fail('its output is not FP32');
  return { image, input: input.name, output: output.name, labels: isLabels(labels) ? labels : [] };
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

const isImageShape = (image: ImageShape | undefined): image is ImageShape =>
  isLength(image?.height) && isLength(image?.width) && (image?.channels === 1 || image?.channels === 3);

const isLabels = (labels: unknown): labels is readonly string[] =>
  Array.isArray(labels) && labels.every((label) => typeof label === 'string');
