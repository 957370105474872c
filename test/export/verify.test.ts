import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import { FailureError, InputError } from '../../src/errors.ts';
import { networkCost } from '../../src/export/cost.ts';
import { toleranceFor, verifyModel } from '../../src/export/verify.ts';
import { serialize } from '../../src/onnx/serde.ts';
import type { Weights } from '../../src/retrain/weights.ts';
import { genotypes, graphOf, initial, noise, normalizationFor, shapes, type Trained } from './networks.ts';

const shape = shapes.odd;
const model = initial(genotypes.everyOperation as Trained['genotype'], shape);
const bytes = serialize(graphOf(model));
let engine: Engine;
beforeAll(async () => {
  engine = await onnxruntimeEngine({ threads: 1 });
});

const verified = (changes: Partial<Parameters<typeof verifyModel>[1]> = {}) => {
  const { network, weights } = model;
  const normalization = normalizationFor(shape);
  const dataset = noise(shape, 1, 12);
  const proof = { engine, network, weights, normalization, dataset, softmax: false, images: 8 };
  return verifyModel(bytes, { ...proof, ...changes });
};

/** The weights with one element of a parameter changed. */
function withChange(name: RegExp, change: (x: number) => number): Weights {
  const theta = model.weights.theta.slice();
  const parameter = model.network.parameters.parameters.find((candidate) => name.test(candidate.name));
  const at = parameter?.offset ?? Number.NaN;
  theta[at] = change(theta[at] as number);
  return { ...model.weights, theta };
}

describe('verifyModel', () => {
  it('measures how far the file is from the engine', async () => {
    const { images, maxDifference, accuracy } = await verified();
    expect(images).toBe(8);
    expect(maxDifference).toBeGreaterThan(0);
    expect(maxDifference).toBeLessThan(1e-4);
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect((await verified({ images: 1000 })).images).toBe(12);
  });

  it('takes any engine as the truth', async () => {
    const reference = await verified({ engine: await tfjsEngine('cpu'), images: 2 });
    expect(reference.maxDifference).toBeLessThan(1e-4);
  });

  it.each([
    ['another weight', { weights: withChange(/stem\/filter/, (x) => x + 0.5) }],
    [
      'other statistics',
      { weights: { ...model.weights, statistics: model.weights.statistics.map((x) => x + 0.1) } },
    ],
    ['another normalisation', { normalization: { mean: [0, 0, 0], std: [1, 1, 1] } }],
    ['another output', { softmax: true }],
  ])('fails for %s', async (_, changes) => {
    const result = verified(changes);
    await expect(result).rejects.toThrow(FailureError);
    await expect(result).rejects.toThrow(
      /does not compute what onnxruntime \(cpu\) does: on 8 test images its output differs by up to .* was not written$/,
    );
  });

  it('says that weights that are no numbers classify nothing', async () => {
    const result = verified({ weights: withChange(/stem\/filter/, () => Number.NaN) });
    await expect(result).rejects.toThrow(
      /the network's output for image 1 of 8 is NaN: its training has diverged/,
    );
  });

  it('allows large logits the last digits that single precision has for them', () => {
    expect(toleranceFor(Float32Array.of(0.5, -3))).toBeCloseTo(1e-4, 9);
    expect(toleranceFor(Float32Array.of(0.5, -800))).toBeCloseTo(8e-3, 9);
  });

  it('refuses what is no model', async () => {
    const { network, weights } = model;
    const normalization = normalizationFor(shape);
    const proof = {
      engine,
      network,
      weights,
      normalization,
      dataset: noise(shape),
      softmax: false,
      images: 1,
    };
    await expect(verifyModel(bytes.subarray(9), proof)).rejects.toThrow(InputError);
  });
});

describe('networkCost', () => {
  it.each([
    ['darts_v1', 3_169_414, 501.0],
    ['darts_v2', 3_349_342, 528.4],
    ['pc_darts_cifar', 3_634_678, 556.7],
  ])('%s has the published size', (name, parameters, megaMacs) => {
    const options = { channels: 36, cells: 20, imageChannels: 3, height: 32, width: 32, classes: 10 };
    const cost = networkCost(genotypes[name] as Trained['genotype'], options);
    expect(cost.parameters).toBe(parameters);
    expect(cost.macs / 1e6).toBeCloseTo(megaMacs, 0);
  });

  it.each([
    ['channels', -3],
    ['cells', 0],
    ['height', 1.5],
    ['imageChannels', Number.NaN],
    ['classes', '10'],
  ])('refuses %s of %s', (name, value) => {
    const options = {
      channels: 8,
      cells: 2,
      imageChannels: 3,
      height: 8,
      width: 8,
      classes: 10,
      [name]: value,
    };
    const cost = () => networkCost(genotypes.darts_v2 as Trained['genotype'], options);
    expect(cost).toThrow(InputError);
    expect(cost).toThrow(`${name} must be a whole number from 1`);
  });
});
