/** The two updates of a search iteration as functions that an engine compiles: state and batch in, new state out. */
import * as tf from '@tensorflow/tfjs';
import type { ImageShape } from '../data/index.ts';
import { adam, clipByNorm, sgd } from '../nn/optimizers.ts';
import {
  float32,
  int32,
  type Signature,
  type Step,
  type TensorFunction,
  type Tensors,
} from '../signature.ts';
import {
  alphaGradient,
  type Batch,
  type Loss,
  supernetLoss,
  unrolledGradient,
  weightGradient,
} from './architect.ts';
import type { SearchOptions } from './options.ts';
import { edgeCount, type SearchSpace } from './spaces.ts';
import type { Supernet } from './supernet.ts';

const batchSignature = (
  prefix: string,
  size: number,
  { channels, height, width }: ImageShape,
): Signature => ({
  [`${prefix}Images`]: float32(size, channels, height, width),
  [`${prefix}Labels`]: int32(size),
});

const batchOf = (inputs: Tensors, prefix: string): Batch => ({
  images: inputs[`${prefix}Images`] as tf.Tensor4D,
  labels: inputs[`${prefix}Labels`] as tf.Tensor1D,
});

const alphaShape = (space: SearchSpace): number[] => [2, edgeCount(space), space.operations.length];

/** Inputs of a step by name, each certainly there. */
const named =
  (inputs: Tensors) =>
  (name: string): tf.Tensor => {
    const tensor = inputs[name];
    if (!tensor) throw new Error(`the step has no input ${name}`);
    return tensor;
  };

/**
 * w ← SGD on the training batch, its gradient clipped. Inputs theta, momentum, alpha, learningRate, trainImages,
 * trainLabels; outputs theta, momentum, loss (mean), correct (count).
 */
export function weightStep(
  supernet: Supernet,
  space: SearchSpace,
  options: SearchOptions,
  size: ImageShape,
): Step {
  const loss = supernetLoss(supernet, space);
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const theta = input('theta');
    const {
      gradient,
      loss: value,
      correct,
    } = weightGradient(loss, supernet, theta, input('alpha'), batchOf(inputs, 'train'));
    const clipped = clipByNorm(gradient, options.gradientClip);
    const next = sgd(theta, input('momentum'), clipped, input('learningRate'), options);
    return { theta: next.weights, momentum: next.momentum, loss: value, correct };
  };
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    momentum: float32(supernet.parameters.size),
    alpha: float32(...alphaShape(space)),
    learningRate: float32(),
    ...batchSignature('train', options.batch, size),
  };
  return { fn, signature };
}

/**
 * α ← Adam on the validation batch. Inputs theta, alpha, first, second (Adam's moments), step (the update's number,
 * from 1), validationImages, validationLabels, and for the second order momentum, learningRate and a training batch;
 * outputs alpha, first, second, loss, correct.
 */
export function alphaStep(
  supernet: Supernet,
  space: SearchSpace,
  options: SearchOptions,
  size: ImageShape,
): Step {
  const loss = supernetLoss(supernet, space);
  const gradientOf = alphaGradients[options.order];
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const alpha = input('alpha');
    const { gradient, loss: value, correct } = gradientOf(loss, supernet, inputs, options);
    const limit = space.alphaGradientLimit;
    const limited = limit === undefined ? gradient : tf.clipByValue(gradient, -limit, limit);
    const next = adam(alpha, input('first'), input('second'), limited, input('step'), {
      learningRate: options.alphaLearningRate,
      beta1: options.alphaBeta1,
      beta2: options.alphaBeta2,
      weightDecay: options.alphaWeightDecay,
    });
    return { alpha: next.weights, first: next.first, second: next.second, loss: value, correct };
  };
  const shape = alphaShape(space);
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    alpha: float32(...shape),
    first: float32(...shape),
    second: float32(...shape),
    step: float32(),
    ...batchSignature('validation', options.batch, size),
    ...(options.order === 2 && {
      momentum: float32(supernet.parameters.size),
      learningRate: float32(),
      ...batchSignature('train', options.batch, size),
    }),
  };
  return { fn, signature };
}

type AlphaGradient = (
  loss: Loss,
  supernet: Supernet,
  inputs: Tensors,
  options: SearchOptions,
) => ReturnType<typeof alphaGradient>;

const alphaGradients: Record<SearchOptions['order'], AlphaGradient> = {
  1: (loss, supernet, inputs) => {
    const input = named(inputs);
    return alphaGradient(loss, supernet, input('theta'), input('alpha'), batchOf(inputs, 'validation'));
  },
  2: (loss, supernet, inputs, { momentum, weightDecay }) => {
    const input = named(inputs);
    const unrolled = {
      learningRate: input('learningRate'),
      buffer: input('momentum'),
      momentum,
      weightDecay,
    };
    const [train, validation] = [batchOf(inputs, 'train'), batchOf(inputs, 'validation')];
    return unrolledGradient(loss, supernet, input('theta'), input('alpha'), train, validation, unrolled);
  },
};
