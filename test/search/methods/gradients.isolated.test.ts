/**
 * The gradient of α and β by each method against finite differences of what it is the gradient of. ReLU and the maximum
 * have kinks, so here they are softplus and the average; the noise of a step is held.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import type { Elements } from '../../../src/engine/engine.ts';
import type { Method } from '../../../src/search/methods/method.ts';
import { operationWeights, scalarsOf } from '../../../src/search/mixed-operation.ts';
import { alphaShape, alphaSize } from '../../../src/search/spaces.ts';
import { float32, type Signature, type TensorFunction } from '../../../src/signature.ts';
import { tf } from '../../../src/tfjs.ts';
import { compute, reference, tracedEngines } from '../../engine/engines.ts';
import { dot, moved, normOf, randomSteps, slopeOf } from '../../nn/differentiable.ts';
import { learningMethods, methodOf, subjectOf, twoNodes } from './subject.ts';

vi.mock(import('../../../src/nn/activation.ts'), async () => {
  const { softplus } = await import('@tensorflow/tfjs');
  return { relu: softplus<Tensor4D> };
});
vi.mock(import('../../../src/nn/pooling.ts'), async (original) => {
  const module = await original();
  return {
    ...module,
    maxPool: module.averagePool,
    maxPoolPairs: (x: Tensor4D) => tfAverage(x),
  };
});

/** Pairs averaged; sides here are even where pairs are pooled. */
const tfAverage = (x: Tensor4D): Tensor4D => tf.avgPool(x, 2, 2, 'valid');

const space = twoNodes;
const shape = alphaShape(space);

/**
 * What a method's gradient differentiates, where that is not its own value: a function of α around the α at which the
 * inputs were drawn, `at`.
 */
interface Twin {
  readonly mix: Method['mix'];
  readonly inputs: Signature;
}

const twins: Readonly<Record<string, Twin>> = {
  // The choice stays, and h moves as the probabilities do.
  gdas: {
    mix: ({ alpha }, { at, gumbel, temperature }) => {
      const probabilities = (a: Tensor): Tensor =>
        tf.softmax(tf.div(tf.add(a, gumbel as Tensor), temperature as Tensor));
      const origin = (at as Tensor).reshape(shape);
      const h = tf.add(1, tf.sub(probabilities(alpha as Tensor), probabilities(origin)));
      const best = tf.argMax(tf.add(origin, gumbel as Tensor), -1).expandDims(-1);
      const chosen = scalarsOf(tf.equal(best, tf.range(0, shape[2], 1, 'int32')), shape);
      return scalarsOf(h, shape).map((edges, kind) =>
        edges.map((operations, edge) => ({
          operations,
          chosen: (chosen[kind]?.[edge] ?? []).map((one) => one.reshape([])),
        })),
      );
    },
    inputs: { at: float32(alphaSize(space)) },
  },
  // The samples move along their path.
  drnas: {
    mix: ({ alpha }, { at, gamma }) => {
      const [logSample, slope] = tf.unstack(gamma as Tensor) as [Tensor, Tensor];
      const origin = (at as Tensor).reshape(shape);
      const path = tf.add(logSample, tf.mul(slope, tf.sub(tf.elu(alpha as Tensor), tf.elu(origin))));
      return operationWeights(tf.softmax(path), shape);
    },
    inputs: { at: float32(alphaSize(space)) },
  },
};

const size = { channels: 8, cells: 1, batch: 8, side: 8 };

describe.each(learningMethods)('%s', (name) => {
  it('has the gradient of α that finite differences have', async () => {
    const method = methodOf(name, {
      zeroOneWeight: 10,
      anchorWeight: 0.1,
      temperature: 1,
      temperatureMin: 1,
    });
    const { fn, signature, feeds } = subjectOf(space, method, size);
    const twin = twins[name];
    const smooth = subjectOf(space, method, size, {
      twin: { ...method, ...(twin && { mix: twin.mix }) },
      inputs: twin?.inputs ?? {},
    });
    const [blocked] = await tracedEngines();
    if (!blocked) throw new Error('there is no engine');
    const at = feeds(1);
    const ofAlpha: TensorFunction = (fed) => ({ alpha: fn(fed).alpha as Tensor });
    const gradient = (await compute(blocked.engine, ofAlpha, signature, at)).alpha as Elements;
    const value = await blocked.engine.compile(
      (fed) => ({ loss: smooth.fn(fed).loss as Tensor }),
      smooth.signature,
      name,
    );
    const own = twin ? { at: at.alpha } : {};
    for (const key of [1, 2, 3, 4]) {
      const direction = randomSteps({ alpha: at.alpha }, key);
      const slope = await slopeOf(async (t) => {
        const there = moved({ alpha: at.alpha }, direction, t);
        return (await value.run({ ...at, ...own, ...there })).loss?.[0] as number;
      }, 0.05);
      const actual = dot(gradient, direction.alpha as Float32Array);
      expect(Math.abs(actual - slope) / normOf(gradient), `direction ${key}`).toBeLessThan(2e-3);
    }
    await value.dispose();
  });

  it('has the same gradients traced, in every layout, as eagerly', async () => {
    const wide = { channels: 16, cells: 1, batch: 4, side: 4 };
    const { fn, signature, feeds } = subjectOf(space, methodOf(name), wide);
    const expected = await compute(await reference(), fn, signature, feeds(2));
    for (const { name: on, engine } of await tracedEngines()) {
      const actual = await compute(engine, fn, signature, feeds(2));
      for (const [output, elements] of Object.entries(expected)) {
        const error = normOf(Float32Array.from(elements, (x, i) => (actual[output]?.[i] as number) - x));
        expect(error / normOf(elements), `${output} on ${on}`).toBeLessThan(1e-5);
      }
    }
  });
});
