/** The optimizers under one interface, so that a step can be made for any of them. */
import type * as tf from '@tensorflow/tfjs';
import type { Tensors } from '../signature.ts';
import type { OptimizerName } from './optimizer-names.ts';
import { adam, adamW, rmsprop, sgd } from './optimizers.ts';

/** What an optimizer is set up with; each reads what it has. */
export interface OptimizerSettings {
  readonly momentum: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

export interface Update {
  readonly weights: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** η, a scalar. */
  readonly learningRate: tf.Tensor;
  /** The number of this update, from 1, a scalar; only some optimizers count. */
  readonly step?: tf.Tensor | undefined;
  /** The optimizer's vectors, by slot. */
  readonly slots: Tensors;
}

export interface Optimizer {
  /** Names of the vectors, as long as the weights, that it keeps; all begin at 0. */
  readonly slots: readonly string[];
  /** Whether it reads the number of the update. */
  readonly counts: boolean;
  update(update: Update, settings: OptimizerSettings): { weights: tf.Tensor; slots: Tensors };
}

/** Adam's betas for weights, PyTorch's defaults. */
export const weightBetas = { beta1: 0.9, beta2: 0.999 };

const vector = (slots: Tensors, name: string): tf.Tensor => {
  const tensor = slots[name];
  if (!tensor) throw new Error(`the optimizer lacks its vector ${name}`);
  return tensor;
};

const ofAdam = (rule: typeof adam): Optimizer => ({
  slots: ['first', 'second'],
  counts: true,
  update: ({ weights, gradient, learningRate, step, slots }, settings) => {
    if (!step) throw new Error('the optimizer lacks the number of the update');
    const moments = [vector(slots, 'first'), vector(slots, 'second')] as const;
    const next = rule(weights, ...moments, gradient, step, { ...settings, learningRate });
    return { weights: next.weights, slots: { first: next.first, second: next.second } };
  },
});

/** torch.optim.RMSprop's default. */
const smoothing = 0.99;

export const optimizers: Readonly<Record<OptimizerName, Optimizer>> = {
  sgd: {
    slots: ['momentum'],
    counts: false,
    update: ({ weights, gradient, learningRate, slots }, settings) => {
      const next = sgd(weights, vector(slots, 'momentum'), gradient, learningRate, settings);
      return { weights: next.weights, slots: { momentum: next.momentum } };
    },
  },
  adam: ofAdam(adam),
  adamw: ofAdam(adamW),
  rmsprop: {
    slots: ['square'],
    counts: false,
    update: ({ weights, gradient, learningRate, slots }, { weightDecay }) => {
      const settings = { weightDecay, smoothing };
      const next = rmsprop(weights, vector(slots, 'square'), gradient, learningRate, settings);
      return { weights: next.weights, slots: { square: next.square } };
    },
  },
};
