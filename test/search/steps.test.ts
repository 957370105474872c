/** The two updates of an iteration against the gradients they are made of and the optimizers' equations. */
import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import { alphaGradient, supernetLoss, unrolledGradient, weightGradient } from '../../src/search/architect.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { alphaShape, alphaSize, type SearchSpace, searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, searchSteps, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import type { Step } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, reference } from '../engine/engines.ts';
import { dot, normals, normOf, relativeError } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

const [batch, classes] = [4, 3];
const image = { channels: 1, height: 5, width: 5 };
const options: SearchOptions = { ...searchDefaults, space: 'simple', channels: 2, cells: 1, batch };
const simple = searchSpace('simple');
const supernet = makeSupernet(simple, { ...options, imageChannels: 1, classes });
const loss = supernetLoss(supernet);
const size = supernet.parameters.size;

const state = {
  theta: supernet.parameters.initialize(random(1)),
  momentum: normals(size, 'momentum').map((x) => 0.1 * x),
  alpha: normals(alphaSize(simple), 'alpha'),
  first: normals(alphaSize(simple), 'first').map((x) => 0.01 * x),
  second: normals(alphaSize(simple), 'second').map((x) => 1e-4 * x * x),
};
const batchFeeds = (part: 'train' | 'validation') => ({
  images: normals(batch * 25, part),
  labels: Int32Array.from({ length: batch }, (_, i) => (i + part.length) % classes),
});

const batchOf = (part: 'train' | 'validation') => {
  const { images, labels } = batchFeeds(part);
  return { images: tf.tensor4d(images, [batch, 1, 5, 5]), labels: tf.tensor1d(labels, 'int32') };
};
const theta = () => tf.tensor1d(state.theta);
const alpha = () => tf.tensor3d(state.alpha, alphaShape(simple));
const numbersOf = (tensor: Tensor): Elements => tensor.dataSync() as Float32Array;

describe('weightStep', () => {
  const run = async (settings: Partial<SearchOptions>) => {
    const { fn, signature } = weightStep(supernet, { ...options, ...settings }, image);
    const { theta: w, momentum, alpha: a } = state;
    const numbers = { learningRate: Float32Array.of(0.02), step: Float32Array.of(1) };
    const feeds = { theta: w, 'theta/momentum': momentum, alpha: a, ...numbers, ...batchFeeds('train') };
    return compute(await reference(), fn, signature, feeds);
  };

  it.each([
    ['whole where it is short', 1e6],
    ['clipped where it is long', 0.25],
  ])('is SGD along the gradient, %s', async (_, gradientClip) => {
    const evaluated = weightGradient(loss, supernet, theta(), alpha(), batchOf('train'));
    const gradient = numbersOf(evaluated.gradient);
    const factor = Math.min(1, gradientClip / normOf(gradient));
    expect(factor < 1).toBe(gradientClip < 1);
    const momentum = Float32Array.from(
      gradient,
      // The decay is no part of what is clipped.
      (g, i) => 0.9 * (state.momentum[i] as number) + factor * g + 3e-4 * (state.theta[i] as number),
    );
    const actual = await run({ gradientClip });
    expect(relativeError(actual['theta/momentum'] as Elements, momentum)).toBeLessThan(1e-6);
    const moved = state.theta.map((w, i) => w - 0.02 * (momentum[i] as number));
    expect(relativeError(actual.theta as Elements, moved)).toBeLessThan(1e-6);
    expect(actual.loss?.[0]).toBeCloseTo(numbersOf(evaluated.loss)[0] as number, 6);
    expect(actual.correct).toEqual(numbersOf(evaluated.correct));
  });
});

describe('alphaStep', () => {
  const run = async (space: SearchSpace, order: 1 | 2) => {
    const { fn, signature } = alphaStep({ ...supernet, space }, { ...options, order }, image);
    const { theta: w, momentum, alpha: a, first, second: square } = state;
    const numbers = { 'theta/momentum': momentum, learningRate: Float32Array.of(0.02) };
    const { images, labels } = batchFeeds('train');
    const second = { ...numbers, trainImages: images, trainLabels: labels };
    const rest = { alpha: a, 'alpha/first': first, 'alpha/second': square };
    const feeds = { theta: w, ...rest, step: Float32Array.of(3), ...batchFeeds('validation') };
    return compute(await reference(), fn, signature, { ...feeds, ...(order === 2 && second) });
  };

  /** Adam's third step with the paper's settings. */
  const expected = (gradient: readonly number[]) => {
    const g = gradient.map((x, i) => x + 1e-3 * (state.alpha[i] as number));
    const first = g.map((x, i) => 0.5 * (state.first[i] as number) + 0.5 * x);
    const second = g.map((x, i) => 0.999 * (state.second[i] as number) + 0.001 * x * x);
    const moved = first.map((m, i) => {
      const step = m / (1 - 0.5 ** 3) / (Math.sqrt((second[i] as number) / (1 - 0.999 ** 3)) + 1e-8);
      return (state.alpha[i] as number) - 3e-4 * step;
    });
    return { alpha: moved, 'alpha/first': first, 'alpha/second': second };
  };

  const gradients = {
    1: () => alphaGradient(loss, supernet, theta(), alpha(), batchOf('validation')),
    2: () =>
      unrolledGradient(loss, supernet, theta(), alpha(), batchOf('train'), batchOf('validation'), {
        learningRate: tf.scalar(0.02),
        buffer: tf.tensor1d(state.momentum),
        momentum: 0.9,
        weightDecay: 3e-4,
      }),
  };

  it.each([1, 2] as const)(
    'is Adam along the gradient of order %d, on the validation batch',
    async (order) => {
      const gradient = [...numbersOf(gradients[order]().gradient)];
      const actual = await run(simple, order);
      for (const [name, numbers] of Object.entries(expected(gradient))) {
        expect(relativeError(actual[name] as Elements, Float32Array.from(numbers)), name).toBeLessThan(1e-6);
      }
    },
  );

  it('clamps each component of the gradient where the space says so', async () => {
    const gradient = [...numbersOf(gradients[1]().gradient)];
    const limit = 0.5 * Math.max(...gradient.map(Math.abs));
    const clamped = gradient.map((x) => Math.max(-limit, Math.min(limit, x)));
    const actual = await run({ ...simple, alphaGradientLimit: limit }, 1);
    const { 'alpha/first': first } = expected(clamped);
    expect(relativeError(actual['alpha/first'] as Elements, Float32Array.from(first))).toBeLessThan(1e-6);
    expect(dot(Float32Array.from(clamped), Float32Array.from(gradient))).not.toBeCloseTo(
      normOf(Float32Array.from(gradient)) ** 2,
      6,
    );
  });
});

describe('searchSteps', () => {
  const { theta: w, momentum, alpha: a, first, second } = state;
  const feeds = {
    theta: w,
    'theta/momentum': momentum,
    alpha: a,
    'alpha/first': first,
    'alpha/second': second,
    learningRate: Float32Array.of(0.02),
    step: Float32Array.of(3),
    ...batchFeeds('train'),
  };

  it('of the first order are parts of one function, which computes what they do', async () => {
    const tasks = searchSteps(supernet, options, image);
    const { whole } = tasks.alpha;
    expect(whole).toBeDefined();
    expect(tasks.weights.whole).toBe(whole);
    const { fn, signature } = whole as Step;
    const all = await compute(await reference(), fn, signature, feeds);
    for (const [name, task] of Object.entries(tasks)) {
      const own = Object.fromEntries(Object.entries(feeds).filter(([input]) => task.signature[input]));
      const alone = await compute(await reference(), task.fn, task.signature, own);
      for (const [output, numbers] of Object.entries(alone)) {
        expect(all[`${name}/${output}`], `${name}/${output}`).toEqual(numbers);
      }
    }
  });

  it.each([{ order: 2 }, { precision: 'float16' }] as const)('are apart with %o', (settings) => {
    const { alpha, weights } = searchSteps(supernet, { ...options, ...settings }, image);
    expect([alpha.whole, weights.whole]).toEqual([undefined, undefined]);
  });
});
