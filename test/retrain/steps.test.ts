/** One training step: what becomes of the running statistics, and what the auxiliary head adds. */
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import type { ParameterTable } from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import type { Network } from '../../src/retrain/network.ts';
import { type RetrainOptions, retrainDefaults } from '../../src/retrain/options.ts';
import { inferenceStep, trainStep } from '../../src/retrain/steps.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, reference } from '../engine/engines.ts';
import { normals, relativeError } from '../nn/differentiable.ts';
import { network } from './networks.ts';

const shape = { channels: 3, height: 8, width: 8 };
const batch = 4;
const images = normals(batch * 3 * 8 * 8, 'images');
const labels = Int32Array.of(0, 1, 2, 3);

/** Plain descent: the new momentum is the gradient. */
const plain: RetrainOptions = {
  ...retrainDefaults,
  batch,
  momentum: 0,
  weightDecay: 0,
  gradientClip: 1e9,
  dropPath: 0,
};

/** A parameter's elements in θ. */
function part(table: ParameterTable, flat: Elements, name: string): Elements {
  const parameter = table.parameters.find((p) => p.name === name);
  if (!parameter) throw new Error(`no parameter ${name}`);
  return flat.slice(parameter.offset, parameter.offset + parameter.size);
}

/** θ by name from a seed, the same for a network with and without an auxiliary head. */
const thetaOf = ({ parameters }: Network): Float32Array => parameters.initialize(random(1));

/** Means around 0 and variances small enough that the signal does not die out on its way. */
function oldStatistics({ statistics }: Network): Float32Array {
  const flat = new Float32Array(statistics.size);
  for (const { name, offset, size } of statistics.parameters) {
    const numbers = normals(size, name);
    flat.set(
      numbers.map((x) => (name.endsWith('mean') ? 0.05 * x : 0.05 + 0.05 * x * x)),
      offset,
    );
  }
  return flat;
}

async function step(subject: Network, options: RetrainOptions): Promise<Record<string, Elements>> {
  const { fn, signature } = trainStep(subject, options, shape);
  return compute(await reference(), fn, signature, {
    theta: thetaOf(subject),
    momentum: new Float32Array(subject.parameters.size),
    statistics: oldStatistics(subject),
    images,
    labels,
    learningRate: Float32Array.of(0.1),
  });
}

describe('running statistics', () => {
  const subject = network('darts_v2');
  const { parameters, statistics } = subject;

  it('become 0.9·old + 0.1·batch, the variance unbiased', async () => {
    const updated = (await step(subject, plain)).statistics as Elements;
    const old = oldStatistics(subject);
    // The stem's convolution, whose batch norm comes first.
    const filter = tf.tensor4d(part(parameters, thetaOf(subject), 'stem/filter'), [3, 3, 3, 12]);
    const x = tf.transpose(tf.tensor4d(images, [batch, 3, 8, 8]), [0, 2, 3, 1]);
    const channels = tf
      .transpose(tf.conv2d(x, filter, 1, 'same'), [3, 0, 1, 2])
      .reshape([12, -1])
      .arraySync() as number[][];
    const means = channels.map((pixels) => pixels.reduce((sum, p) => sum + p, 0) / pixels.length);
    const variances = channels.map(
      (pixels, c) =>
        pixels.reduce((sum, p) => sum + (p - (means[c] as number)) ** 2, 0) / (pixels.length - 1),
    );
    for (const [name, ofBatch] of [
      ['stem/mean', means],
      ['stem/variance', variances],
    ] as const) {
      const before = part(statistics, old, name);
      part(statistics, updated, name).forEach((value, c) => {
        expect(value, name).toBeCloseTo(0.9 * (before[c] as number) + 0.1 * (ofBatch[c] as number), 5);
      });
    }
    // Every other one has moved too.
    for (const { name } of statistics.parameters) {
      expect(part(statistics, updated, name), name).not.toEqual(part(statistics, old, name));
    }
  });

  it('are what the network in use normalises by', async () => {
    const { fn, signature } = inferenceStep(subject, batch, shape);
    const theta = thetaOf(subject);
    const logits = async (flat: Float32Array): Promise<Elements> =>
      (await compute(await reference(), fn, signature, { theta, statistics: flat, images }))
        .logits as Elements;
    const old = oldStatistics(subject);
    const before = await logits(old);
    for (const { name, offset, size } of statistics.parameters) {
      const changed = old.slice().fill(name.endsWith('mean') ? -1 : 2, offset, offset + size);
      expect(relativeError(await logits(changed), before), name).toBeGreaterThan(1e-5);
    }
  });
});

describe('the auxiliary head', () => {
  const subject = network('darts_v2', { auxiliary: true });
  const bare = network('darts_v2');
  const gradientAt = async (auxiliaryWeight: number): Promise<Elements> =>
    (await step(subject, { ...plain, auxiliaryWeight })).momentum as Elements;

  it('adds its loss, times its weight, to the gradient', async () => {
    const [none, once, twice] = [await gradientAt(0), await gradientAt(0.4), await gradientAt(0.8)];
    const expected = none.map((x, i) => 2 * (once[i] as number) - x);
    expect(relativeError(twice, expected)).toBeLessThan(1e-5);
    expect(relativeError(once, none)).toBeGreaterThan(0.01);
    // At weight 0 it is the gradient of the network without a head.
    const without = (await step(bare, plain)).momentum as Elements;
    for (const { name } of bare.parameters.parameters) {
      const actual = part(subject.parameters, none, name);
      expect(relativeError(actual, part(bare.parameters, without, name)), name).toBeLessThan(1e-5);
    }
    for (const { name } of subject.parameters.parameters) {
      if (name.startsWith('auxiliary'))
        expect(part(subject.parameters, none, name).every((x) => x === 0)).toBe(true);
    }
  });

  it('is no part of the loss that is reported', async () => {
    const { loss, correct } = await step(subject, { ...plain, auxiliaryWeight: 0.4 });
    const without = await step(bare, plain);
    expect(loss?.[0]).toBeCloseTo(without.loss?.[0] as number, 6);
    expect(correct).toEqual(without.correct);
  });
});

it('the update is clipped, decayed SGD', async () => {
  const subject = network('darts_v2');
  const theta = thetaOf(subject);
  const gradient = (await step(subject, plain)).momentum as Elements;
  const norm = Math.sqrt(Array.from(gradient).reduce((sum, x) => sum + x * x, 0));
  const limit = norm / 3;
  const options = { ...plain, gradientClip: limit, weightDecay: 0.01 };
  const next = (await step(subject, options)).theta as Elements;
  const expected = theta.map((w, i) => w - 0.1 * ((gradient[i] as number) / 3 + 0.01 * w));
  expect(relativeError(next, expected)).toBeLessThan(1e-6);
});

it('the update is that of the optimizer which is asked for', async () => {
  const subject = network('darts_v2');
  const theta = thetaOf(subject);
  const { size } = subject.parameters;
  const gradient = (await step(subject, plain)).momentum as Elements;
  const { fn, signature } = trainStep(subject, { ...plain, optimizer: 'adamw', weightDecay: 0.01 }, shape);
  const next = await compute(await reference(), fn, signature, {
    theta,
    first: new Float32Array(size),
    second: new Float32Array(size),
    step: Float32Array.of(1),
    statistics: oldStatistics(subject),
    images,
    labels,
    learningRate: Float32Array.of(0.1),
  });
  const first = gradient.map((g) => 0.1 * g);
  expect(relativeError(next.first as Elements, first)).toBeLessThan(1e-5);
  // AdamW's first step is one of the learning rate along the gradient's signs, where there is a gradient.
  const moved = next.theta as Elements;
  theta.forEach((w, i) => {
    const g = gradient[i] as number;
    if (Math.abs(g) > 1e-5) expect(moved[i]).toBeCloseTo(0.999 * w - 0.1 * Math.sign(g), 3);
  });
});
