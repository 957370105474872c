/** Penalties on α: values, gradients, schedules, and that the α step takes them. */
import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import { searchDefaults } from '../../src/search/options.ts';
import { betaDecay } from '../../src/search/penalties/beta-decay.ts';
import { penaltiesOf } from '../../src/search/penalties/index.ts';
import { alphaSize, candidatesOf, searchSpace } from '../../src/search/spaces.ts';
import { alphaStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, tracedEngines } from '../engine/engines.ts';
import { normals, relativeError } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

type Shape = [number, number, number];

/** λ·mean of log Σ exp(α), in double precision. */
function expected(alpha: ArrayLike<number>, [kinds, edges, operations]: Shape, lambda: number): number {
  let sum = 0;
  for (let row = 0; row < kinds * edges; row++) {
    let exponentials = 0;
    for (let o = 0; o < operations; o++) exponentials += Math.exp(alpha[row * operations + o] as number);
    sum += Math.log(exponentials);
  }
  return (lambda * sum) / (kinds * edges);
}

describe('betaDecay', () => {
  const penalty = betaDecay(50);
  const at = (shape: Shape, lambda: number) => (alpha: Tensor) =>
    penalty.value({ alpha: alpha.reshape(shape) }, { betaDecay: tf.scalar(lambda) });

  it.each<[string, Shape, (i: number) => number]>([
    ['of α at random', [2, 14, 8], (i) => Math.sin(7 * i) * 2],
    ['of equal α', [2, 3, 4], () => 0.7],
    ['of one candidate', [1, 3, 1], (i) => i - 1],
    ['of far apart α', [1, 2, 3], (i) => 60 * (i % 3) - 40],
  ])('and its gradient, %s', (_, shape, entry) => {
    const alpha = Array.from({ length: shape[0] * shape[1] * shape[2] }, (__, i) => entry(i));
    const { value, grad } = tf.valueAndGrad(at(shape, 1.5))(tf.tensor1d(alpha));
    expect(value.dataSync()[0]).toBeCloseTo(expected(alpha, shape, 1.5), 4);
    const gradient = grad.dataSync();
    alpha.forEach((x, i) => {
      const along = (h: number): number => expected(Object.assign([...alpha], { [i]: x + h }), shape, 1.5);
      expect(gradient[i]).toBeCloseTo((along(1e-4) - along(-1e-4)) / 2e-4, 5);
    });
  });

  it('pulls every edge down as one: its gradient is λ/edges·softmax(α)', () => {
    const gradient = tf
      .grad(at([1, 2, 2], 3))(tf.tensor1d([0, 0, 1, 1]))
      .dataSync();
    for (const x of gradient) expect(x).toBeCloseTo(0.75, 6);
  });

  it('grows from 0 to its weight over the epochs', () => {
    const lambda = (epoch: number): number | undefined =>
      penalty.inputs.betaDecay?.value({ epoch, epochs: 50, architecture: {}, random: random(0) })[0];
    expect([0, 1, 25, 49].map(lambda)).toEqual([0, 1, 25, 49]);
  });

  it('is there only where it is asked for', () => {
    expect(penaltiesOf(searchDefaults)).toEqual([]);
    expect(penaltiesOf({ betaDecay: 50 })).toHaveLength(1);
  });
});

describe('the α step with a penalty', () => {
  const space = searchSpace('simple');
  const image = { channels: 1, height: 5, width: 5 };
  const options = {
    ...searchDefaults,
    space: 'simple',
    channels: 2,
    cells: 1,
    batch: 4,
    alphaWeightDecay: 0,
  };
  const supernet = makeSupernet(
    { ...space, alphaGradientLimit: 1e9 },
    { ...options, imageChannels: 1, classes: 3 },
  );
  const size = alphaSize(space);
  const alpha = normals(size, 'alpha');
  const feeds = {
    theta: supernet.parameters.initialize(random(1)),
    alpha,
    'alpha/first': new Float32Array(size),
    'alpha/second': new Float32Array(size),
    step: Float32Array.of(1),
    images: normals(100, 'images'),
    labels: Int32Array.of(0, 1, 2, 0),
  };
  /** Adam's first moment from 0 is half the gradient. */
  const gradientOf = async (engine: Parameters<typeof compute>[0], betaDecay: number, lambda: number) => {
    const { fn, signature } = alphaStep(supernet, options, image, penaltiesOf({ betaDecay }));
    const more = betaDecay > 0 && { betaDecay: Float32Array.of(lambda) };
    const { 'alpha/first': first, loss } = await compute(engine, fn, signature, { ...feeds, ...more });
    return { gradient: (first as Elements).map((x) => 2 * x), loss: loss?.[0] };
  };

  it('adds its gradient, and is no part of the loss that is reported', async () => {
    for (const { name, engine } of await tracedEngines()) {
      const [plain, with50] = [await gradientOf(engine, 0, 0), await gradientOf(engine, 50, 2)];
      const columns = candidatesOf(space, 0, 0).length;
      const rows = size / columns;
      const softmax = tf.softmax(tf.tensor2d(alpha, [rows, columns])).dataSync();
      const wanted = plain.gradient.map((g, i) => g + (2 / rows) * (softmax[i] as number));
      expect(relativeError(with50.gradient, wanted), name).toBeLessThan(1e-5);
      expect(with50.loss).toBe(plain.loss);
    }
  });
});
