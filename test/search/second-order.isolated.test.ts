/**
 * The second order on a real supernet. ReLU and the maximum have no second derivative at their kinks, so here they are
 * softplus and the average; everything else is what searches.
 */

import type * as tf from '@tensorflow/tfjs';
import { expect, it, vi } from 'vitest';
import type { Compiled, Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import {
  alphaGradient,
  type Batch,
  hessianVectorProduct,
  supernetLoss,
  type UnrolledOptions,
  unrolledGradient,
  unrolledWeights,
} from '../../src/search/architect.ts';
import { alphaShape, alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { float32, int32, type Signature, type Tensors } from '../../src/signature.ts';
import { reference } from '../engine/engines.ts';
import { dot, normals, normOf, relativeError, slopeOf } from '../nn/differentiable.ts';

vi.mock(import('../../src/nn/activation.ts'), async () => {
  const { softplus } = await import('@tensorflow/tfjs');
  return { relu: softplus<tf.Tensor4D> };
});
vi.mock(import('../../src/nn/pooling.ts'), async (original) => {
  const module = await original();
  return { ...module, maxPool: module.averagePool };
});

const space = searchSpace('darts');
const [batch, side, classes] = [8, 6, 5];
const supernet = makeSupernet(space, { channels: 2, cells: 1, imageChannels: 3, classes });
const loss = supernetLoss(supernet);
const size = supernet.parameters.size;

const signature: Signature = {
  w: float32(size),
  alpha: float32(...alphaShape(space)),
  buffer: float32(size),
  v: float32(size),
  learningRate: float32(),
  trainImages: float32(batch, 3, side, side),
  trainLabels: int32(batch),
  validationImages: float32(batch, 3, side, side),
  validationLabels: int32(batch),
};

const images = (part: string) => normals(batch * 3 * side * side, 'images', part);
const labels = (part: string) => {
  const numbers = random(4, part);
  return Int32Array.from({ length: batch }, () => numbers.integer(classes));
};
const feeds = {
  w: supernet.parameters.initialize(random(1)),
  alpha: normals(alphaSize(space), 'alpha'),
  buffer: normals(size, 'buffer').map((x) => 0.1 * x),
  v: normals(size, 'v'),
  learningRate: Float32Array.of(0.1),
  trainImages: images('train'),
  trainLabels: labels('train'),
  validationImages: images('validation'),
  validationLabels: labels('validation'),
};

type Inputs = Record<keyof typeof feeds, tf.Tensor>;

const compile = async (fn: (inputs: Inputs) => Tensors): Promise<Compiled> => {
  const engine = await reference();
  return engine.compile((inputs) => fn(inputs as Inputs), signature, 'test');
};

const trainOf = ({ trainImages, trainLabels }: Inputs): Batch => ({
  images: trainImages as tf.Tensor4D,
  labels: trainLabels as tf.Tensor1D,
});

const validationOf = ({ validationImages, validationLabels }: Inputs): Batch => ({
  images: validationImages as tf.Tensor4D,
  labels: validationLabels as tf.Tensor1D,
});

const optionsOf = ({ learningRate, buffer }: Inputs): UnrolledOptions => ({
  learningRate,
  buffer,
  momentum: 0.9,
  weightDecay: 3e-4,
});

const unrolled = (inputs: Inputs): tf.Tensor =>
  unrolledWeights(loss, supernet, inputs.w, inputs.alpha, trainOf(inputs), optionsOf(inputs));

it('hessianVectorProduct is the mixed second derivative', async () => {
  const gradient = await compile((inputs) => ({
    gradient: alphaGradient(loss, supernet, inputs.w, inputs.alpha, trainOf(inputs)).gradient,
  }));
  const product = await compile((inputs) => ({
    product: hessianVectorProduct(loss, supernet, inputs.w, inputs.alpha, trainOf(inputs), inputs.v),
  }));
  const actual = (await product.run(feeds)).product as Elements;

  // ∇α differentiated along v, by differences of fourth order; at these steps neither rounding nor curvature matters.
  const norm = normOf(feeds.v);
  const along = async (t: number): Promise<Elements> => {
    const w = feeds.w.map((x, i) => x + (t * (feeds.v[i] as number)) / norm);
    return (await gradient.run({ ...feeds, w })).gradient as Elements;
  };
  const difference = async (h: number): Promise<number[]> => {
    const [above, below] = [await along(h), await along(-h)];
    return Array.from(above, (x, i) => ((x - (below[i] as number)) * norm) / (2 * h));
  };
  const [wide, narrow] = [await difference(0.08), await difference(0.04)];
  const expected = Float32Array.from(narrow, (x, i) => (4 * x - (wide[i] as number)) / 3);

  expect(relativeError(actual, expected)).toBeLessThan(1e-3);
  await Promise.all([gradient.dispose(), product.dispose()]);
});

it('unrolledGradient is the derivative of the loss after the unrolled step', async () => {
  const both = await compile((inputs) => {
    const [train, validation] = [trainOf(inputs), validationOf(inputs)];
    const options = optionsOf(inputs);
    const { w, alpha } = inputs;
    return {
      gradient: unrolledGradient(loss, supernet, w, alpha, train, validation, options).gradient,
      direct: alphaGradient(loss, supernet, unrolled(inputs), alpha, validation).gradient,
    };
  });
  const value = await compile((inputs) => ({
    loss: loss(supernet.parameters.split(unrolled(inputs)), inputs.alpha, validationOf(inputs)).loss,
  }));
  const { gradient, direct } = (await both.run(feeds)) as Record<'gradient' | 'direct', Elements>;
  for (const key of [1, 2, 3]) {
    const direction = normals(alphaSize(space), 'direction', key);
    const slope = await slopeOf(async (t) => {
      const alpha = feeds.alpha.map((x, i) => x + t * (direction[i] as number));
      return (await value.run({ ...feeds, alpha })).loss?.[0] as number;
    }, 0.05);
    expect(Math.abs(dot(gradient, direction) - slope) / normOf(gradient), `direction ${key}`).toBeLessThan(
      1e-3,
    );
  }
  // The second derivative is no small part of it.
  expect(relativeError(direct, gradient)).toBeGreaterThan(0.1);
  await Promise.all([both.dispose(), value.dispose()]);
});
