/** Training steps in mixed precision: near those of float32, still converging, and surviving infinite gradients. */
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { tfjsEngine } from '../../src/engine/tfjs.ts';
import { InputError } from '../../src/errors.ts';
import { initialLossScale } from '../../src/nn/loss-scaling.ts';
import { random } from '../../src/random.ts';
import { makeNetwork } from '../../src/retrain/network.ts';
import { type RetrainOptions, retrainDefaults } from '../../src/retrain/options.ts';
import { retrain } from '../../src/retrain/retrain.ts';
import { trainStep } from '../../src/retrain/steps.ts';
import type { EpochRecord } from '../../src/runs/epochs.ts';
import { loadGenotype } from '../../src/search/genotype-file.ts';
import { searchDefaults } from '../../src/search/options.ts';
import { search } from '../../src/search/search.ts';
import { relativeError } from '../nn/differentiable.ts';
import { brightness } from '../runs/datasets.ts';
import { compute, reference } from './engines.ts';
import { type FunctionCase, plumbing } from './functions.ts';
import { steps } from './training.ts';

const engine = await onnxruntimeEngine({ threads: 1 });
const genotype = loadGenotype('darts_v2');

describe('a step in mixed precision', () => {
  // Without those whose sessions take long to create; the others have all operators that these have.
  const short = steps.filter(({ name }) => !/space darts|second order/.test(name));
  it.each(short)('is near: $name', async (subject) => {
    const { fn, signature, feeds, name } = subject;
    const expected = await compute(await reference(), fn, signature, feeds);
    const compiled = await engine.compile(fn, signature, name, 'float16');
    const actual = await compiled.run(feeds);
    await compiled.dispose();
    // As float32 would be after half its digits: 2^-11, and what is lost in sums.
    for (const [output, elements] of Object.entries(expected)) {
      expect(actual[output]?.constructor, output).toBe(elements.constructor);
      expect(relativeError(actual[output] as Elements, elements), output).toBeLessThan(5e-3);
    }
  });

  it('is refused by engines that do not have it', async () => {
    const { fn, signature } = plumbing[0] as FunctionCase;
    const compiled = (await tfjsEngine('cpu')).compile(fn, signature, 'step', 'float16');
    await expect(compiled).rejects.toThrow(InputError);
    await expect(compiled).rejects.toThrow('tfjs computes in float32; float16 is for the engine onnxruntime');
  });
});

describe('retraining in mixed precision', () => {
  const options: RetrainOptions = {
    ...retrainDefaults,
    channels: 4,
    cells: 2,
    batch: 16,
    epochs: 4,
    crop: 0,
    cutout: 0,
    dropPath: 0,
  };
  const losses = async (precision: RetrainOptions['precision']): Promise<number[]> => {
    const means: number[] = [];
    const onEpoch = (record: EpochRecord) => means.push(record.loss as number);
    const dataset = brightness({ count: 320 });
    await retrain(genotype, dataset, { ...options, precision }, { engine, observer: { onEpoch } });
    return means;
  };

  it('converges as in float32', async () => {
    const [expected, actual] = [await losses('float32'), await losses('float16')] as [number[], number[]];
    expect(actual).not.toEqual(expected);
    // The first updates are left out until the scale fits, which sets the runs apart as another seed would.
    const late = (means: readonly number[]): number => ((means[2] as number) + (means[3] as number)) / 2;
    expect(late(actual)).toBeLessThan(0.5 * Math.log(4));
    expect(Math.abs(late(actual) - late(expected))).toBeLessThan(0.1);
  });

  it('leaves out an update whose gradient is infinite, and goes on with half the scale', async () => {
    const dataset = brightness();
    const { channels, height, width } = dataset.shape;
    const network = makeNetwork(genotype, {
      ...options,
      imageChannels: channels,
      height,
      width,
      classes: dataset.classes.length,
      auxiliary: true,
    });
    const { fn, signature } = trainStep(network, { ...options, precision: 'float16' }, dataset.shape);
    const compiled = await engine.compile(fn, signature, 'train', 'float16');
    const numbers = random(1);
    const state = {
      theta: network.parameters.initialize(random(2)),
      momentum: new Float32Array(network.parameters.size).fill(0.01),
      statistics: network.statistics.initialize(random(3)),
    };
    const batch = {
      images: Float32Array.from({ length: options.batch * channels * height * width }, () =>
        numbers.normal(),
      ),
      labels: Int32Array.from({ length: options.batch }, (_, i) => i % 4),
      learningRate: Float32Array.of(0.1),
    };
    // No float16 is as large as this makes the gradients of the logits.
    const bad = await compiled.run({ ...state, ...batch, lossScale: Float32Array.of(2 ** 40, 5) });
    expect(bad.lossScale).toEqual(Float32Array.of(2 ** 39, 0));
    expect({ theta: bad.theta, momentum: bad.momentum, statistics: bad.statistics }).toEqual(state);
    expect(bad.loss?.[0]).toBeGreaterThan(0);

    const good = await compiled.run({ ...state, ...batch, lossScale: initialLossScale() });
    expect(good.lossScale).toEqual(Float32Array.of(2 ** 16, 1));
    expect(good.theta).not.toEqual(state.theta);
    expect((good.theta as Float32Array).every(Number.isFinite)).toBe(true);
    expect(good.loss).toEqual(bad.loss);
    await compiled.dispose();
  });
});

describe('a search in mixed precision', () => {
  const options = {
    ...searchDefaults,
    space: 'simple',
    channels: 4,
    cells: 2,
    batch: 16,
    crop: 0,
    epochs: 2,
  };

  it('learns as in float32', async () => {
    const losses = async (precision: 'float32' | 'float16'): Promise<number> => {
      let last = Number.NaN;
      const onEpoch = (record: EpochRecord) => {
        last = record.loss as number;
      };
      const setting = { engine, observer: { onEpoch } };
      await search(brightness({ count: 256 }), { ...options, precision }, setting);
      return last;
    };
    const [expected, actual] = [await losses('float32'), await losses('float16')];
    expect(actual).toBeLessThan(0.5);
    expect(Math.abs(actual - expected)).toBeLessThan(0.1);
  });

  it('has no second order', async () => {
    const searching = search(brightness(), { ...options, order: 2, precision: 'float16' }, { engine });
    await expect(searching).rejects.toThrow(InputError);
    await expect(searching).rejects.toThrow('take precision float32 or order 1');
  });
});
