/** Noise as an operation: what a step draws, what an edge reads of it, and what a trained network makes of it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { drawNoise, noiseFrom, noisePool } from '../../src/nn/noise.ts';
import { random } from '../../src/random.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { inferenceStep, trainStep } from '../../src/retrain/steps.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { largestState } from '../../src/search/skeletons/skeleton.ts';
import { alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, stepInputs, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, reference, tracedEngines } from '../engine/engines.ts';
import { normals, relativeError } from '../nn/differentiable.ts';
import { network } from '../retrain/networks.ts';

beforeAll(() => tf.setBackend('cpu'));

describe('a pool of noise', () => {
  const shape = [2, 3, 5, 4] as const;
  const size = 2 * 3 * 5 * 4;
  const spec = noisePool(6, size);
  const noise = noiseFrom(tf.tensor1d(drawNoise(spec, random(1))));
  const windows = Array.from({ length: 6 }, (_, site) => noise(site, shape).dataSync());

  it('is just large enough for the last place', () => {
    expect(() => noise(6, shape)).toThrow();
    expect(windows.every((window) => window.length === size)).toBe(true);
  });

  it('gives no two places the same number at one element', () => {
    for (let element = 0; element < size; element++) {
      expect(new Set(windows.map((window) => window[element])).size).toBe(6);
    }
  });

  it('is normal', () => {
    const many = drawNoise(noisePool(1, 20_000), random(2));
    const mean = many.reduce((sum, x) => sum + x, 0) / many.length;
    const variance = many.reduce((sum, x) => sum + (x - mean) ** 2, 0) / many.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it.each([
    [{ channels: 2, cells: 3 }, { height: 8, width: 8 }, 2 * 8 * 8],
    // A single pixel stays one while the channels double.
    [{ channels: 2, cells: 3 }, { height: 1, width: 1 }, 8],
    [{ channels: 2, cells: 3, reductions: [] }, { height: 5, width: 1 }, 10],
  ])('is made for the largest value of %o on %o', (options, image, expected) => {
    expect(largestState(options, 3, image)).toBe(3 * expected);
  });
});

describe('a search in S4', () => {
  const space = searchSpace('s4');
  const image = { channels: 1, height: 5, width: 5 };
  const options: SearchOptions = { ...searchDefaults, channels: 4, cells: 1, batch: 4 };
  const supernet = makeSupernet(space, { ...options, imageChannels: 1, classes: 3 });
  const inputs = stepInputs(supernet, options, image);
  const moment = (seed: number) => ({ epoch: 0, epochs: 1, architecture: {}, random: random(seed) });
  const state = {
    theta: supernet.parameters.initialize(random(1)),
    alpha: normals(alphaSize(space), 'alpha'),
    step: Float32Array.of(1),
  };
  const zeros = (size: number): Float32Array => new Float32Array(size);
  const images = normals(4 * 25, 'images');
  const labels = Int32Array.of(0, 1, 2, 0);

  it('has noise on every edge', () => {
    expect(supernet.noiseSites).toBe(14);
    expect(Object.keys(inputs)).toEqual(['noise']);
    const names = supernet.parameters.parameters.map(({ name }) => name);
    expect(names.some((name) => name.includes('noise'))).toBe(false);
  });

  it.each(['alpha', 'weights'] as const)(
    'takes the same step (%s) traced as eagerly, another by other noise',
    async (kind) => {
      const [{ fn, signature }, feeds] =
        kind === 'alpha'
          ? [
              alphaStep(supernet, options, image),
              {
                ...state,
                'alpha/first': zeros(state.alpha.length),
                'alpha/second': zeros(state.alpha.length),
                images,
                labels,
              },
            ]
          : [
              weightStep(supernet, options, image),
              {
                ...state,
                'theta/momentum': zeros(state.theta.length),
                learningRate: Float32Array.of(0.1),
                images,
                labels,
              },
            ];
      const noise = (seed: number): Float32Array => inputs.noise?.value(moment(seed)) as Float32Array;
      const vector = kind === 'alpha' ? 'alpha' : 'theta';
      const expected = await compute(await reference(), fn, signature, { ...feeds, noise: noise(3) });
      for (const { engine } of await tracedEngines()) {
        const actual = await compute(engine, fn, signature, { ...feeds, noise: noise(3) });
        expect(relativeError(actual[vector] as Float32Array, expected[vector] as Float32Array)).toBeLessThan(
          1e-5,
        );
        expect(actual.loss?.[0]).toBeCloseTo(expected.loss?.[0] as number, 4);
      }
      const other = await compute(await reference(), fn, signature, { ...feeds, noise: noise(4) });
      expect(other.loss).not.toEqual(expected.loss);
    },
  );
});

describe('a network with noise', () => {
  const genotype = searchedGenotype();
  const shape = { channels: 3, height: 8, width: 8 };
  const subject = network(genotype, { cells: 3 });
  const feeds = {
    theta: subject.parameters.initialize(random(1)),
    statistics: subject.statistics.initialize(random(2)),
    images: normals(4 * 3 * 64, 'images'),
  };

  it('adds it in training', async () => {
    const { fn, signature } = trainStep(subject, { ...retrainDefaults, batch: 4, dropPath: 0 }, shape);
    const lossWith = async (seed: number): Promise<number | undefined> => {
      const noise = drawNoise(signature.noise as NonNullable<typeof signature.noise>, random(seed));
      const momentum = new Float32Array(subject.parameters.size);
      const batch = { labels: Int32Array.of(0, 1, 2, 3), learningRate: Float32Array.of(0.1) };
      return (await compute(await reference(), fn, signature, { ...feeds, ...batch, momentum, noise }))
        .loss?.[0];
    };
    expect(subject.noiseSites).toBeGreaterThan(0);
    expect(await lossWith(1)).toBe(await lossWith(1));
    expect(await lossWith(1)).not.toBe(await lossWith(2));
  });

  it('leaves it out in use', async () => {
    const { fn, signature } = inferenceStep(subject, 4, shape);
    expect(signature.noise).toBeUndefined();
    const { logits } = await compute(await reference(), fn, signature, feeds);
    expect(logits?.every(Number.isFinite)).toBe(true);
  });
});

function searchedGenotype(): string {
  const pairs = "[('noise', 0), ('sep_conv_3x3', 1), ('noise', 2), ('noise', 0)]";
  return `Genotype(normal=${pairs}, normal_concat=[2, 3], reduce=${pairs}, reduce_concat=[2, 3])`;
}
