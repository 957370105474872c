/** The training steps that engines are for, small. */
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import type { Elements } from '../../src/engine/engine.ts';
import {
  batchNorm,
  type Context,
  convolution,
  type Declarations,
  declarations,
  globalAveragePool,
  linear,
  relu,
  sequence,
  sharing,
} from '../../src/nn/layers.ts';
import { crossEntropy } from '../../src/nn/losses.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { ParameterTable } from '../../src/nn/parameters.ts';
import { maxPool } from '../../src/nn/pooling.ts';
import { random } from '../../src/random.ts';
import { makeNetwork } from '../../src/retrain/network.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { trainStep } from '../../src/retrain/steps.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { float32, int32, type Signature, type TensorFunction } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { type FunctionCase, tensor } from './functions.ts';

const classes = 5;
const batch = 8;

/** Numbers for a signature: labels below the classes, other inputs normal, second moments positive. */
function drawn(name: string, signature: Signature): Record<string, Elements> {
  const entries = Object.entries(signature).map(([input, { shape, dtype }]): [string, Elements] => {
    const numbers = random(1, name, input);
    const length = shape.reduce<number>((product, d) => product * Number(d), 1);
    if (dtype === 'int32') return [input, Int32Array.from({ length }, () => numbers.integer(classes))];
    const values = Float32Array.from({ length }, () => numbers.normal());
    return [input, input.endsWith('/second') ? values.map((x) => x * x) : values];
  });
  return Object.fromEntries(entries);
}

type Network = (x: Tensor4D, context: Context) => Tensor2D;

/** A step of a classifier of images [channels, side, side], by SGD with momentum. */
function classifierStep(
  name: string,
  [channels, side]: readonly [number, number],
  make: (at: Declarations) => Network,
): FunctionCase {
  const parameters = new ParameterTable();
  const network = make(declarations(parameters, new ParameterTable()));
  const signature: Signature = {
    theta: float32(parameters.size),
    momentum: float32(parameters.size),
    images: float32(batch, channels, side, side),
    labels: int32(batch),
    learningRate: float32(),
  };
  const fn: TensorFunction = ({ theta, momentum, images, labels, learningRate }) => {
    const loss = (...w: Tensor[]): Scalar => {
      const parameter = parameters.lookup(w);
      const context = { parameter, statistic: parameter, normalization: 'batch', once: sharing() } as const;
      const x = tf.transpose(tensor(images), [0, 2, 3, 1]) as Tensor4D;
      return crossEntropy(network(x, context), labels as Tensor1D);
    };
    const { value, grads } = tf.valueAndGrads(loss)(parameters.split(tensor(theta)));
    const gradient = parameters.join(grads);
    const next = sgd(tensor(theta), tensor(momentum), gradient, tensor(learningRate), searchDefaults);
    return { theta: next.weights, momentum: next.momentum, loss: value };
  };
  const feeds = { ...drawn(name, signature), theta: parameters.initialize(random(1)) };
  return { name, signature, fn, feeds, tolerance: 1e-5 };
}

const perceptron = (at: Declarations): Network => {
  const [first, second] = [linear(at.at('first'), 16, 12), linear(at.at('second'), 12, classes)];
  return (x, context) => second(tf.relu(first(x.reshape([batch, 16]), context)), context);
};

/** Wide enough for blocks; the side becomes odd on the way. */
const convolutional = (at: Declarations): Network => {
  const features = sequence(
    convolution(at.at('first'), 3, 16, 3),
    batchNorm(at.at('first'), 16, true),
    relu,
    (x) => maxPool(x, 2),
    convolution(at.at('second'), 16, 32, 5, { stride: 2 }),
    batchNorm(at.at('second'), 32, false),
  );
  const classify = linear(at.at('classifier'), 32, classes);
  return (x, context) => classify(globalAveragePool(features(x, context)), context);
};

const image = { channels: 3, height: 6, width: 6 };

/** A step of the search on a supernet of one cell. */
function searchStep(
  name: string,
  step: typeof alphaStep,
  settings: Partial<SearchOptions>,
  tolerance: number,
): FunctionCase {
  const options = { ...searchDefaults, cells: 1, batch, ...settings };
  const space = searchSpace(options.space);
  const supernet = makeSupernet(space, { ...options, imageChannels: image.channels, classes });
  const { fn, signature } = step(supernet, options, image);
  const feeds = {
    ...drawn(name, signature),
    theta: supernet.parameters.initialize(random(1)),
    ...(signature.step && { step: Float32Array.of(3) }),
    ...(signature.learningRate && { learningRate: Float32Array.of(0.02) }),
  };
  return { name, signature, fn, feeds, tolerance };
}

/** A step of the retraining, with drop-path and the auxiliary head. */
function retrainStep(name: string): FunctionCase {
  const options = { ...retrainDefaults, channels: 4, cells: 2, batch };
  const network = makeNetwork(loadGenotype('darts_v2'), {
    ...options,
    ...image,
    imageChannels: image.channels,
    classes,
    auxiliary: true,
  });
  const { fn, signature } = trainStep(network, options, image);
  const feeds = {
    ...drawn(name, signature),
    theta: network.parameters.initialize(random(1)),
    statistics: network.statistics.initialize(random(1)),
    pathMasks: Float32Array.from({ length: network.dropSites * batch }, (_, i) => (i % 5 === 0 ? 0 : 1.25)),
  };
  return { name, signature, fn, feeds, tolerance: 1e-5 };
}

/** These compute something aside that leaves their gradient's scope: a count, statistics. */
export const stepsWithAsides: readonly FunctionCase[] = [
  retrainStep('the weights of a discrete network'),
  // A difference of gradients, divided by a small number: digits are lost.
  searchStep('α of the second order', alphaStep, { space: 'simple', order: 2, channels: 4 }, 1e-3),
];

export const steps: readonly FunctionCase[] = [
  classifierStep('a perceptron', [1, 4], perceptron),
  classifierStep('a convolutional network', [3, 10], convolutional),
  searchStep('the weights of the space darts', weightStep, { channels: 8 }, 1e-5),
  searchStep('α of the space simple', alphaStep, { space: 'simple', channels: 16 }, 1e-5),
  ...stepsWithAsides,
];
