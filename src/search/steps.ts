/** The two updates of a search iteration as functions that an engine compiles: state and batch in, new state out. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs';
import type { ImageShape } from '../data/index.ts';
import { partOutputs, type Task } from '../engine/engine.ts';
import { lossScaling } from '../nn/loss-scaling.ts';
import { drawNoise, noisePool } from '../nn/noise.ts';
import { type Optimizer, type OptimizerSettings, optimizers, weightBetas } from '../nn/optimizer-table.ts';
import { clipByNorm } from '../nn/optimizers.ts';
import {
  float32,
  int32,
  type Signature,
  type Step,
  type TensorFunction,
  type Tensors,
} from '../signature.ts';
import { tf } from '../tfjs.ts';
import {
  alphaGradient,
  type Batch,
  bothGradients,
  type Evaluated,
  type Loss,
  supernetLoss,
  unrolledGradient,
  weightGradient,
} from './architect.ts';
import type { Penalty, StepInputs } from './methods/method.ts';
import type { SearchOptions } from './options.ts';
import { largestState } from './skeletons/skeleton.ts';
import { architectureOf, type Supernet } from './supernet.ts';

/** What a batch's tensors are called: that which a step is about, and the other one of the second order. */
const ownBatch = { images: 'images', labels: 'labels' } as const;
const trainingBatch = { images: 'trainImages', labels: 'trainLabels' } as const;

type BatchNames = typeof ownBatch | typeof trainingBatch;

const batchSignature = (
  { images, labels }: BatchNames,
  size: number,
  { channels, height, width }: ImageShape,
): Signature => ({
  [images]: float32(size, channels, height, width),
  [labels]: int32(size),
});

const batchOf = (inputs: Tensors, { images, labels }: BatchNames = ownBatch): Batch => ({
  images: inputs[images] as Tensor4D,
  labels: inputs[labels] as Tensor1D,
});

/** Inputs of a step by name, each certainly there. */
const named =
  (inputs: Tensors) =>
  (name: string): Tensor => {
    const tensor = inputs[name];
    if (!tensor) throw new Error(`the step has no input ${name}`);
    return tensor;
  };

/** The state of the loss scaling beside an optimizer's vectors, in mixed precision. */
export const lossScale = 'lossScale';

/** The name of an optimizer's vector in the state: `theta/momentum`. */
export const slotName = (vector: 'theta' | 'alpha', slot: string): string => `${vector}/${slot}`;

const scalings = {
  theta: lossScaling(slotName('theta', lossScale)),
  alpha: lossScaling(slotName('alpha', lossScale)),
};

/** The supernet's loss, in mixed precision scaled for the update of a vector. */
const scaledLoss = (vector: 'theta' | 'alpha', supernet: Supernet, inputs: Tensors): Loss => {
  const loss = supernetLoss(supernet, inputs);
  return (...at) => scalings[vector].scaled(loss(...at), inputs);
};

/** The state vectors of an optimizer by their names in the state, all of one size. */
const slotSignature = (vector: 'theta' | 'alpha', slots: Optimizer['slots'], size: number): Signature =>
  Object.fromEntries(slots.map((slot) => [slotName(vector, slot), float32(size)]));

const inputSignature = (inputs: StepInputs): Signature =>
  Object.fromEntries(Object.entries(inputs).map(([name, { spec }]) => [name, spec]));

/** Updates a vector of the state by its gradient: its new value and its optimizer's vectors, by name. */
function updated(
  vector: 'theta' | 'alpha',
  { slots, update }: Optimizer,
  inputs: Tensors,
  gradient: Tensor,
  learningRate: Tensor,
  settings: OptimizerSettings,
): Tensors {
  const input = named(inputs);
  const own = Object.fromEntries(slots.map((slot) => [slot, input(slotName(vector, slot))]));
  const before = { weights: input(vector), gradient, learningRate, step: input('step'), slots: own };
  const next = update(before, settings);
  return {
    [vector]: next.weights,
    ...Object.fromEntries(slots.map((slot) => [slotName(vector, slot), next.slots[slot] as Tensor])),
  };
}

/** What either step takes besides state and batch: the method's, and noise where the space has such an operation. */
export function stepInputs(supernet: Supernet, options: SearchOptions, size: ImageShape): StepInputs {
  const { method, space, noiseSites } = supernet;
  if (noiseSites === 0) return method.inputs(space);
  const frame = { ...options, reductions: space.reductions };
  const spec = noisePool(noiseSites, largestState(frame, options.batch, size));
  return { ...method.inputs(space), noise: { spec, value: ({ random }) => drawNoise(spec, random) } };
}

/** What the α step takes besides: the inputs of all penalties too. */
export const alphaInputs = (
  supernet: Supernet,
  options: SearchOptions,
  size: ImageShape,
  penalties: readonly Penalty[],
): StepInputs =>
  Object.assign(
    {},
    stepInputs(supernet, options, size),
    ...[...supernet.method.penalties(supernet.space), ...penalties].map((term) => term.inputs),
  );

/** SGD's momentum for α, where it is asked for. */
const alphaMomentum = 0.9;

/** How a step goes on from the gradient of the (scaled) loss: new state and what was evaluated. */
type Update = (scaled: Evaluated & { readonly gradient: Tensor }, inputs: Tensors) => Tensors;

/** The gradient clipped. */
function weightUpdate(options: SearchOptions): Update {
  const optimizer = optimizers[options.optimizer];
  const settings = { ...weightBetas, momentum: options.momentum, weightDecay: options.weightDecay };
  return (scaled, inputs) => {
    const { gradient, ...evaluated } = scalings.theta.unscaled(scaled, inputs);
    const clipped = clipByNorm(gradient, options.gradientClip);
    const rate = named(inputs)('learningRate');
    const next = updated('theta', optimizer, inputs, clipped, rate, settings);
    return { ...scalings.theta.committed(next, gradient, inputs), ...evaluated };
  };
}

/** The gradients of the terms added, and all limited where the space says so. */
function alphaUpdate(supernet: Supernet, options: SearchOptions, penalties: readonly Penalty[]): Update {
  const { method, space } = supernet;
  const optimizer = optimizers[options.alphaOptimizer];
  const settings = {
    momentum: alphaMomentum,
    beta1: options.alphaBeta1,
    beta2: options.alphaBeta2,
    weightDecay: options.alphaWeightDecay,
  };
  const terms = [...method.penalties(space), ...penalties];
  return (scaled, inputs) => {
    const { gradient, ...evaluated } = scalings.alpha.unscaled(scaled, inputs);
    const whole = terms.reduce((sum, term) => tf.add(sum, penaltyGradient(term, supernet, inputs)), gradient);
    const limit = space.alphaGradientLimit;
    const limited = limit === undefined ? whole : tf.clipByValue(whole, -limit, limit);
    const rate = tf.scalar(options.alphaLearningRate);
    const next = updated('alpha', optimizer, inputs, limited, rate, settings);
    return { ...scalings.alpha.committed(next, gradient, inputs), ...evaluated };
  };
}

/**
 * w ← optimizer on the training batch, the gradient clipped. Inputs theta, its optimizer's vectors, alpha, learningRate,
 * step (the update's number, from 1), images, labels and the method's, and in mixed precision theta/lossScale; outputs
 * theta, the vectors, loss (mean), correct (count).
 */
export function weightStep(supernet: Supernet, options: SearchOptions, size: ImageShape): Step {
  const { slots } = optimizers[options.optimizer];
  const update = weightUpdate(options);
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const loss = scaledLoss('theta', supernet, inputs);
    return update(weightGradient(loss, supernet, input('theta'), input('alpha'), batchOf(inputs)), inputs);
  };
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    ...slotSignature('theta', slots, supernet.parameters.size),
    alpha: float32(supernet.architecture.size),
    learningRate: float32(),
    step: float32(),
    ...scalings.theta.signature(options.precision),
    ...inputSignature(stepInputs(supernet, options, size)),
    ...batchSignature(ownBatch, options.batch, size),
  };
  return { fn, signature };
}

/**
 * α ← optimizer on the validation batch. Inputs theta, alpha, its optimizer's vectors, step (the update's number, from
 * 1), images, labels, the method's and the penalties', and for the second order theta/momentum, learningRate and a
 * training batch (trainImages, trainLabels); outputs alpha, the optimizer's vectors, loss, correct.
 *
 * @param penalties are added to L_val besides the method's own
 */
export function alphaStep(
  supernet: Supernet,
  options: SearchOptions,
  size: ImageShape,
  penalties: readonly Penalty[] = [],
): Step {
  const { slots } = optimizers[options.alphaOptimizer];
  const update = alphaUpdate(supernet, options, penalties);
  const fn: TensorFunction = (inputs) => {
    const loss = scaledLoss('alpha', supernet, inputs);
    return update(alphaGradients[options.order](loss, supernet, inputs, options), inputs);
  };
  const signature: Signature = {
    theta: float32(supernet.parameters.size),
    alpha: float32(supernet.architecture.size),
    ...slotSignature('alpha', slots, supernet.architecture.size),
    step: float32(),
    ...scalings.alpha.signature(options.precision),
    ...inputSignature(alphaInputs(supernet, options, size, penalties)),
    ...batchSignature(ownBatch, options.batch, size),
    ...(options.order === 2 && {
      [slotName('theta', 'momentum')]: float32(supernet.parameters.size),
      learningRate: float32(),
      ...batchSignature(trainingBatch, options.batch, size),
    }),
  };
  return { fn, signature };
}

/**
 * Both steps of a search. Those of the first order differentiate one loss, only at different batches: they are parts of one
 * function, which is traced once. (In mixed precision each has a scale of its own.)
 */
export function searchSteps(
  supernet: Supernet,
  options: SearchOptions,
  size: ImageShape,
  penalties: readonly Penalty[] = [],
): { readonly alpha: Task; readonly weights: Task } {
  const { precision } = options;
  const alpha = { ...alphaStep(supernet, options, size, penalties), precision };
  const weights = { ...weightStep(supernet, options, size), precision };
  if (options.order !== 1 || precision !== 'float32') return { alpha, weights };
  const updates = { alpha: alphaUpdate(supernet, options, penalties), weights: weightUpdate(options) };
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const { alphaGradient, weightGradient, ...evaluated } = bothGradients(
      supernetLoss(supernet, inputs),
      supernet,
      input('theta'),
      input('alpha'),
      batchOf(inputs),
    );
    return {
      ...partOutputs('alpha', updates.alpha({ ...evaluated, gradient: alphaGradient }, inputs)),
      ...partOutputs('weights', updates.weights({ ...evaluated, gradient: weightGradient }, inputs)),
    };
  };
  const whole = { fn, signature: { ...alpha.signature, ...weights.signature } };
  return { alpha: { ...alpha, whole }, weights: { ...weights, whole } };
}

/** What is computed of a validation batch alone takes the weights, the architecture and the method's inputs. */
const validationSignature = (supernet: Supernet, options: SearchOptions, size: ImageShape): Signature => ({
  theta: float32(supernet.parameters.size),
  alpha: float32(supernet.architecture.size),
  ...inputSignature(stepInputs(supernet, options, size)),
  ...batchSignature(ownBatch, options.batch, size),
});

/**
 * ∇_α L_val, of the first order and without penalties. Inputs theta, alpha, images, labels and the method's; output
 * gradient.
 */
export function alphaGradientStep(supernet: Supernet, options: SearchOptions, size: ImageShape): Step {
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const batch = batchOf(inputs);
    const loss = supernetLoss(supernet, inputs);
    return { gradient: alphaGradient(loss, supernet, input('theta'), input('alpha'), batch).gradient };
  };
  return { fn, signature: validationSignature(supernet, options, size) };
}

/**
 * The supernet on a validation batch, normalised by its statistics. Inputs theta, alpha, images, labels and the method's;
 * outputs loss (mean), correct (count).
 */
export function evaluationStep(supernet: Supernet, options: SearchOptions, size: ImageShape): Step {
  const fn: TensorFunction = (inputs) => {
    const input = named(inputs);
    const pieces = supernet.parameters.split(input('theta'));
    return supernetLoss(supernet, inputs)(pieces, input('alpha'), batchOf(inputs));
  };
  return { fn, signature: validationSignature(supernet, options, size) };
}

/** ∇_α of a term that depends on the architecture alone. */
const penaltyGradient = (term: Penalty, supernet: Supernet, inputs: Tensors): Tensor =>
  tf.grad((alpha) => term.value(architectureOf(supernet, alpha), inputs))(inputs.alpha as Tensor);

type AlphaGradient = (
  loss: Loss,
  supernet: Supernet,
  inputs: Tensors,
  options: SearchOptions,
) => ReturnType<typeof alphaGradient>;

const alphaGradients: Record<SearchOptions['order'], AlphaGradient> = {
  1: (loss, supernet, inputs) => {
    const input = named(inputs);
    return alphaGradient(loss, supernet, input('theta'), input('alpha'), batchOf(inputs));
  },
  2: (loss, supernet, inputs, { momentum, weightDecay }) => {
    const input = named(inputs);
    const unrolled = {
      learningRate: input('learningRate'),
      buffer: input(slotName('theta', 'momentum')),
      momentum,
      weightDecay,
    };
    const [train, validation] = [batchOf(inputs, trainingBatch), batchOf(inputs)];
    return unrolledGradient(loss, supernet, input('theta'), input('alpha'), train, validation, unrolled);
  },
};
