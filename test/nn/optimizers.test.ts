/** Optimizers against numbers worked out by hand, and against the same equations in double precision. */
import type { Tensor } from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam, clipByNorm, sgd } from '../../src/nn/optimizers.ts';
import { tf } from '../../src/tfjs.ts';

beforeAll(() => tf.setBackend('cpu'));

type Vector = readonly number[];

/** The state vectors after several steps of an optimizer, in tfjs. */
function inTfjs<State extends string>(
  state: Readonly<Record<State, Vector>>,
  gradients: readonly Vector[],
  update: (state: Record<State, Tensor>, gradient: Tensor, step: number) => Record<State, Tensor>,
): Record<State, Vector> {
  const each = <A, B>(record: Readonly<Record<State, A>>, f: (x: A) => B): Record<State, B> =>
    Object.fromEntries(Object.entries<A>(record).map(([name, x]) => [name, f(x)])) as Record<State, B>;
  const initial = each(state, (x): Tensor => tf.tensor1d([...x]));
  const last = gradients.reduce((now, g, i) => update(now, tf.tensor1d([...g]), i + 1), initial);
  return each(last, (x) => [...x.dataSync()]);
}

const zip = (f: (...x: number[]) => number, ...vectors: Vector[]): Vector =>
  (vectors[0] ?? []).map((_, i) => f(...vectors.map((vector) => vector[i] as number)));

function expectNear(actual: Vector, expected: Vector, tolerance = 1e-5): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((x, i) => {
    const wanted = expected[i] as number;
    expect(Math.abs(x - wanted), `${x} for ${wanted}`).toBeLessThan(tolerance * (1 + Math.abs(wanted)));
  });
}

const number = fc.double({ min: -3, max: 3, noNaN: true });
/** A state and the gradients of some steps, all of one length. */
const run = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
  .chain(([length, steps]) => {
    const vector = fc.array(number, { minLength: length, maxLength: length });
    return fc.tuple(vector, vector, fc.array(vector, { minLength: steps, maxLength: steps }));
  });

describe('sgd', () => {
  const step =
    (rate: number, momentum: number, weightDecay: number) =>
    (state: Record<'weights' | 'momentum', Tensor>, gradient: Tensor) =>
      sgd(state.weights, state.momentum, gradient, tf.scalar(rate), { momentum, weightDecay });

  it('takes the steps that were worked out by hand', () => {
    // g = 0.2 + 0.01·1 = 0.21, m = 0.9·0.5 + 0.21 = 0.66, w = 1 − 0.1·0.66 = 0.934;
    // g = −0.4 + 0.01·0.934 = −0.39066, m = 0.9·0.66 − 0.39066 = 0.20334, w = 0.934 − 0.020334 = 0.913666.
    const { weights, momentum } = inTfjs(
      { weights: [1], momentum: [0.5] },
      [[0.2], [-0.4]],
      step(0.1, 0.9, 0.01),
    );
    expectNear(weights, [0.913666], 1e-6);
    expectNear(momentum, [0.20334], 1e-6);
  });

  it('is w ← w − η(μm + ∇ + λw)', () => {
    const rate = fc.double({ min: 0, max: 0.2, noNaN: true });
    const share = fc.double({ min: 0, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(run, rate, share, rate, ([w0, m0, gradients], eta, mu, lambda) => {
        const actual = inTfjs({ weights: w0, momentum: m0 }, gradients, step(eta, mu, lambda));
        let [w, m]: [Vector, Vector] = [w0, m0];
        for (const gradient of gradients) {
          m = zip((momentum, g, weight) => mu * momentum + g + lambda * weight, m, gradient, w);
          w = zip((weight, momentum) => weight - eta * momentum, w, m);
        }
        expectNear(actual.weights, w);
        expectNear(actual.momentum, m);
      }),
    );
  });
});

describe('adam', () => {
  const options = { learningRate: 0.1, beta1: 0.5, beta2: 0.999, weightDecay: 0 };
  const step =
    (settings: typeof options) =>
    (state: Record<'weights' | 'first' | 'second', Tensor>, gradient: Tensor, count: number) =>
      adam(state.weights, state.first, state.second, gradient, tf.scalar(count), settings);

  it('takes the steps that were worked out by hand', () => {
    // Step 1: m = 0.5·2 = 1, m̂ = 2; v = 0.001·4 = 0.004, v̂ = 4; w = 1 − 0.1·2/2 = 0.9.
    // Step 2, g = −1: m = 0.5 − 0.5 = 0, so w stays; v = 0.999·0.004 + 0.001 = 0.004996.
    const state = inTfjs({ weights: [1], first: [0], second: [0] }, [[2], [-1]], step(options));
    expectNear(state.weights, [0.9], 1e-6);
    expectNear(state.first, [0], 1e-6);
    expectNear(state.second, [0.004996], 1e-7);
  });

  it('adds the decay to the gradient, not to the step', () => {
    // g = 0 + 0.5·4 = 2: the first step has length η whatever the decay; AdamW's would be η·λ·w = 0.2.
    const { weights } = inTfjs(
      { weights: [4], first: [0], second: [0] },
      [[0]],
      step({ ...options, weightDecay: 0.5 }),
    );
    expectNear(weights, [3.9], 1e-6);
  });

  it('is the equations of Kingma & Ba, with bias corrected', () => {
    const beta = fc.double({ min: 0, max: 0.95, noNaN: true });
    const decay = fc.double({ min: 0, max: 0.1, noNaN: true });
    // Near a gradient of 0 the step's length hangs on the last digits of m̂/√v̂.
    const away = (g: number): number => g + Math.sign(g || 1) * 0.4;
    fc.assert(
      fc.property(run, beta, decay, ([w0, , drawn], beta1, weightDecay) => {
        const gradients = drawn.map((gradient) => gradient.map(away));
        const settings = { ...options, beta1, weightDecay };
        const zeros = w0.map(() => 0);
        const actual = inTfjs({ weights: w0, first: zeros, second: zeros }, gradients, step(settings));
        let [w, m, v]: [Vector, Vector, Vector] = [w0, zeros, zeros];
        gradients.forEach((gradient, i) => {
          const g = zip((x, weight) => x + weightDecay * weight, gradient, w);
          m = zip((x, y) => beta1 * x + (1 - beta1) * y, m, g);
          v = zip((x, y) => 0.999 * x + 0.001 * y * y, v, g);
          const [b1, b2] = [1 - beta1 ** (i + 1), 1 - 0.999 ** (i + 1)];
          w = zip((x, first, second) => x - (0.1 * (first / b1)) / (Math.sqrt(second / b2) + 1e-8), w, m, v);
        });
        expectNear(actual.weights, w, 1e-4);
        expectNear(actual.first, m);
        expectNear(actual.second, v);
      }),
    );
  });
});

describe('clipByNorm', () => {
  const clip = (gradient: Vector, limit: number): Vector => [
    ...clipByNorm(tf.tensor1d([...gradient]), limit).dataSync(),
  ];

  it.each([
    ['shortens', [3, 4], 1, [0.6, 0.8]],
    ['keeps what is short', [3, 4], 5.001, [3, 4]],
    ['keeps zero', [0, 0], 5, [0, 0]],
  ])('%s', (_, gradient, limit, expected) => expectNear(clip(gradient, limit), expected, 1e-6));

  it('keeps the direction and bounds the norm', () => {
    const vector = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(vector, fc.double({ min: 0.1, max: 10, noNaN: true }), (gradient, limit) => {
        const factor = Math.min(1, limit / (Math.hypot(...gradient) + 1e-6));
        const clipped = clip(gradient, limit);
        expectNear(
          clipped,
          zip((x) => x * factor, gradient),
        );
        expect(Math.hypot(...clipped)).toBeLessThanOrEqual(limit * (1 + 1e-6));
      }),
    );
  });
});
