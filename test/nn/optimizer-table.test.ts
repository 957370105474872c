/** The optimizers under one interface, against PyTorch's numbers and against their equations in double precision. */
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { optimizerNames } from '../../src/nn/optimizer-names.ts';
import { type OptimizerSettings, optimizers } from '../../src/nn/optimizer-table.ts';
import type { Tensors } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';

beforeAll(() => tf.setBackend('cpu'));

type Vector = readonly number[];
type Name = (typeof optimizerNames)[number];

const settings: OptimizerSettings = { momentum: 0.9, beta1: 0.5, beta2: 0.99, weightDecay: 0.02 };

/** The weights after several updates. */
function trained(
  name: Name,
  weights: Vector,
  gradients: readonly Vector[],
  rate = 0.05,
  options = settings,
): Vector {
  const { slots, update } = optimizers[name];
  let state: { weights: Tensor; slots: Tensors } = {
    weights: tf.tensor1d([...weights]),
    slots: Object.fromEntries(slots.map((slot) => [slot, tf.zeros([weights.length])])),
  };
  gradients.forEach((gradient, i) => {
    const step = {
      ...state,
      gradient: tf.tensor1d([...gradient]),
      learningRate: tf.scalar(rate),
      step: tf.scalar(i + 1),
    };
    state = update(step, options);
  });
  return [...state.weights.dataSync()];
}

const gradients: readonly Vector[] = [
  [0.5, -1, 0.25],
  [-0.2, -0.4, 1.5],
  [1, 0.1, -0.3],
  [0, 2, -0.6],
];

/** Four steps from [1, −2, 0.5] at a rate of 0.05, as PyTorch 2.13 takes them in float64 with the settings above. */
const pytorch: Readonly<Record<Name, Vector>> = {
  sgd: [0.837327441, -1.865801842, 0.30812764],
  adam: [0.87294329, -1.932649448, 0.393437567],
  adamw: [0.873238034, -1.929334979, 0.392696302],
  rmsprop: [0.230586298, -1.776783551, -0.208742734],
};

it.each(optimizerNames)('%s takes the steps that PyTorch takes', (name) => {
  const weights = trained(name, [1, -2, 0.5], gradients);
  weights.forEach((w, i) => {
    expect(w).toBeCloseTo(pytorch[name][i] as number, 5);
  });
});

/** The same in double precision: the weights of one component after its gradients. */
const equations: Readonly<Record<Name, (w: number, gradients: Vector, rate: number) => number>> = {
  sgd: (w, list, rate) => {
    let m = 0;
    for (const g of list) {
      m = 0.9 * m + g + 0.02 * w;
      w -= rate * m;
    }
    return w;
  },
  adam: (w, list, rate) => adamOf(w, list, rate, 0.02, 0),
  adamw: (w, list, rate) => adamOf(w, list, rate, 0, 0.02),
  rmsprop: (w, list, rate) => {
    let v = 0;
    for (const gradient of list) {
      const g = gradient + 0.02 * w;
      v = 0.99 * v + 0.01 * g * g;
      w -= (rate * g) / (Math.sqrt(v) + 1e-8);
    }
    return w;
  },
};

function adamOf(w: number, list: Vector, rate: number, coupled: number, decoupled: number): number {
  let [m, v] = [0, 0];
  list.forEach((gradient, i) => {
    const g = gradient + coupled * w;
    m = 0.5 * m + 0.5 * g;
    v = 0.99 * v + 0.01 * g * g;
    w -= rate * decoupled * w;
    w -= (rate * (m / (1 - 0.5 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.99 ** (i + 1))) + 1e-8);
  });
  return w;
}

// Near a gradient of 0 the length of a normalised step hangs on the last digits.
const gradientOf = fc.oneof(
  fc.double({ min: 0.4, max: 3, noNaN: true }),
  fc.double({ min: -3, max: -0.4, noNaN: true }),
);

it.each(optimizerNames)('%s is its equations', (name) => {
  const number = fc.double({ min: -3, max: 3, noNaN: true });
  const list = fc.array(gradientOf, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(number, list, fc.double({ min: 1e-3, max: 0.1, noNaN: true }), (w, along, rate) => {
      const [actual] = trained(
        name,
        [w],
        along.map((g) => [g]),
        rate,
      );
      expect(actual).toBeCloseTo(equations[name](w, along, rate), 4);
    }),
  );
});

describe('weight decay', () => {
  const idle = [[0], [0], [0]];
  const at = (name: Name, weightDecay: number): number =>
    trained(name, [2], idle, 0.1, { ...settings, weightDecay })[0] as number;

  it('of AdamW shrinks the weights by 1 − ηλ a step', () => {
    expect(at('adamw', 0.5)).toBeCloseTo(2 * 0.95 ** 3, 6);
  });

  it('of Adam is part of the gradient: a step of η, whatever the decay', () => {
    expect(at('adam', 0.5)).toBeCloseTo(at('adam', 0.05), 6);
    expect(at('adam', 0.5)).toBeCloseTo(1.7, 2);
  });

  it.each(optimizerNames)('of 0 leaves %s where it is without a gradient', (name) => {
    expect(at(name, 0)).toBe(2);
  });
});

it.each(optimizerNames)('%s keeps the vectors that it names, and misses none in silence', (name) => {
  const { slots, update } = optimizers[name];
  const vector = tf.tensor1d([1, 2]);
  const step = { weights: vector, gradient: vector, learningRate: tf.scalar(0.1), step: tf.scalar(1) };
  const whole = Object.fromEntries(slots.map((slot) => [slot, tf.zerosLike(vector)]));
  expect(Object.keys(update({ ...step, slots: whole }, settings).slots)).toEqual([...slots]);
  expect(() => update({ ...step, slots: {} }, settings)).toThrow(
    `the optimizer lacks its vector ${slots[0]}`,
  );
});
