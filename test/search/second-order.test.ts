/**
 * The second order on a real supernet. ReLU and the maximum have no second derivative at their kinks, so here they are
 * softplus and the average; everything else is what searches.
 */
import type * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Compiled, Elements } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { random } from '../../src/random.ts';
import {
  alphaGradient,
  type Batch,
  hessianVectorProduct,
  supernetLoss,
  unrolledGradient,
  unrolledWeights,
} from '../../src/search/architect.ts';
import { alphaSize, edgeCount, searchSpace } from '../../src/search/spaces.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { float32, int32, type Signature, type Tensors } from '../../src/signature.ts';
import { dot, normals, normOf, relativeError, slopeOf } from '../nn/differentiable.ts';

vi.mock(import('@tensorflow/tfjs'), async (original) => {
  const module = await original();
  return { ...module, relu: module.softplus, maxPool: module.avgPool };
});

const space = searchSpace('darts');
const [batch, side, classes] = [8, 6, 5];
const supernet = makeSupernet(space, { channels: 2, cells: 1, imageChannels: 3, classes });
const loss = supernetLoss(supernet, space);
const size = supernet.parameters.size;

const signature: Signature = {
  w: float32(size),
  alpha: float32(2, edgeCount(space), space.operations.length),
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

const batchOf = (inputs: Tensors, part: 'train' | 'validation'): Batch => ({
  images: inputs[`${part}Images`] as tf.Tensor4D,
  labels: inputs[`${part}Labels`] as tf.Tensor1D,
});

const compile = async (fn: (inputs: Record<keyof typeof feeds, tf.Tensor>) => Tensors): Promise<Compiled> => {
  const engine = await onnxruntimeEngine();
  return engine.compile(
    (inputs) => fn(inputs as typeof inputs & Record<keyof typeof feeds, tf.Tensor>),
    signature,
    'test',
  );
};

const optionsOf = ({ learningRate, buffer }: Record<'learningRate' | 'buffer', tf.Tensor>) => ({
  learningRate,
  buffer,
  momentum: 0.9,
  weightDecay: 3e-4,
});

describe('hessianVectorProduct', () => {
  it('is the mixed second derivative', async () => {
    const gradient = await compile((inputs) => {
      const { w, alpha } = inputs;
      return { gradient: alphaGradient(loss, supernet, w, alpha, batchOf(inputs, 'train')).gradient };
    });
    const product = await compile((inputs) => {
      const { w, alpha, v } = inputs;
      return { product: hessianVectorProduct(loss, supernet, w, alpha, batchOf(inputs, 'train'), v) };
    });
    const { product: actual } = await product.run(feeds);
    // Each component of ∇α, differentiated along v by differences of fourth order, of steps of which neither
    // the rounding nor the curvature matters.
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
    const expected = narrow.map((x, i) => (4 * x - (wide[i] as number)) / 3);
    console.log(relativeError(actual as Elements, Float32Array.from(expected)));
    expect(relativeError(actual as Elements, Float32Array.from(expected))).toBeLessThan(1e-3);
    await Promise.all([gradient.dispose(), product.dispose()]);
  });
});

describe('unrolledGradient', () => {
  it('is the derivative of the loss after the unrolled step', async () => {
    const gradient = await compile((inputs) => {
      const { w, alpha } = inputs;
      const [train, validation] = [batchOf(inputs, 'train'), batchOf(inputs, 'validation')];
      const result = unrolledGradient(loss, supernet, w, alpha, train, validation, optionsOf(inputs));
      return { gradient: result.gradient };
    });
    const value = await compile((inputs) => {
      const { w, alpha } = inputs;
      const moved = unrolledWeights(loss, supernet, w, alpha, batchOf(inputs, 'train'), optionsOf(inputs));
      return { loss: loss(supernet.parameters.split(moved), alpha, batchOf(inputs, 'validation')).loss };
    });
    const direct = await compile((inputs) => {
      const { w, alpha } = inputs;
      const moved = unrolledWeights(loss, supernet, w, alpha, batchOf(inputs, 'train'), optionsOf(inputs));
      return {
        gradient: alphaGradient(loss, supernet, moved, alpha, batchOf(inputs, 'validation')).gradient,
      };
    });
    const actual = (await gradient.run(feeds)).gradient as Elements;
    const without = (await direct.run(feeds)).gradient as Elements;
    for (const key of [1, 2, 3]) {
      const direction = normals(alphaSize(space), 'direction', key);
      const expected = await slopeOf(async (t) => {
        const alpha = feeds.alpha.map((x, i) => x + t * (direction[i] as number));
        return (await value.run({ ...feeds, alpha })).loss?.[0] as number;
      }, 0.05);
      console.log(expected, dot(actual, direction), dot(without, direction), normOf(actual));
    }
    await Promise.all([gradient.dispose(), value.dispose(), direct.dispose()]);
  });
});
