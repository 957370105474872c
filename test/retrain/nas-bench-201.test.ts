/** The networks of NAS-Bench-201 against what its authors' benchmark says of them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { networkCost } from '../../src/export/cost.ts';
import { random } from '../../src/random.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { inferenceStep, trainStep } from '../../src/retrain/steps.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { tf } from '../../src/tfjs.ts';
import { compute, reference, tracedEngines } from '../engine/engines.ts';
import { normals, relativeError } from '../nn/differentiable.ts';
import { network } from './networks.ts';

beforeAll(() => tf.setBackend('cpu'));

const benchmark = { channels: 16, cells: 17, imageChannels: 3, height: 32, width: 32, classes: 10 };

const everywhere = (operation: string): string =>
  `|${operation}~0|+|${operation}~0|${operation}~1|+|${operation}~0|${operation}~1|${operation}~2|`;

/**
 * Of CIFAR-10, in millions, as `api.get_cost_info` has them: the extremes of all 15,625 architectures; 0.802 and
 * 1.289 from `query_info_str_by_arch` (github.com/D-X-Y/NATS-Bench, issues 18 and 36; AutoDL-Projects, issue 103). Their
 * multiply–accumulates count the classifier's bias, 10, too.
 */
const known = [
  { text: everywhere('nor_conv_3x3'), parameters: 1.531546, macs: 220.11969 },
  { text: everywhere('skip_connect'), parameters: 0.073306, macs: 7.78305 },
  {
    text: '|skip_connect~0|+|none~0|nor_conv_3x3~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|',
    parameters: 0.802426,
    macs: 113.95137,
  },
  {
    text: '|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|',
    parameters: 0.802426,
    macs: 113.95137,
  },
  {
    text: '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|',
    parameters: 1.289,
    macs: 184.73,
  },
];

describe('the benchmark', () => {
  it.each(known)('has $parameters million parameters and $macs million for $text', (row) => {
    const cost = networkCost(parseGenotype(row.text), benchmark);
    const digits = (value: number): number => String(value).split('.')[1]?.length ?? 0;
    expect((cost.parameters / 1e6).toFixed(digits(row.parameters))).toBe(String(row.parameters));
    expect(((cost.macs + 10) / 1e6).toFixed(digits(row.macs))).toBe(String(row.macs));
  });

  it('has parameters for a cell of none, though nothing of it is computed', () => {
    expect(networkCost(parseGenotype(everywhere('none')), benchmark).parameters).toBe(73_306);
  });
});

describe('a training step', () => {
  const shape = { channels: 3, height: 9, width: 7 };
  const options = { ...retrainDefaults, batch: 4, dropPath: 0 };

  it.each([
    [
      'of all operations',
      '|avg_pool_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|',
    ],
    ['of nothing', everywhere('none')],
    [
      'whose first node leads nowhere',
      '|nor_conv_3x3~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|none~2|',
    ],
    ['whose reductions are elsewhere', `${everywhere('skip_connect')}, reductions=[0, 3]`],
  ])('of a cell %s is the same traced as eagerly, on odd sizes', async (_, text) => {
    const subject = network(parseGenotype(text), { ...shape, cells: 4, imageChannels: 3 });
    const { fn, signature } = trainStep(subject, options, shape);
    const feeds = {
      theta: subject.parameters.initialize(random(1)),
      momentum: new Float32Array(subject.parameters.size),
      statistics: subject.statistics.initialize(random(2)),
      images: normals(4 * 3 * 9 * 7, 'images'),
      labels: Int32Array.of(0, 1, 2, 3),
      learningRate: Float32Array.of(0.1),
    };
    const expected = await compute(await reference(), fn, signature, feeds);
    for (const { engine } of await tracedEngines()) {
      const actual = await compute(engine, fn, signature, feeds);
      for (const [name, elements] of Object.entries(expected)) {
        if (name === 'correct') expect(actual[name]).toEqual(elements);
        else expect(relativeError(actual[name] as Float32Array, elements), name).toBeLessThan(1e-4);
      }
    }
    const { fn: infer, signature: inferred } = inferenceStep(subject, 4, shape);
    const { theta, statistics, images } = feeds;
    const { logits } = await compute(await reference(), infer, inferred, { theta, statistics, images });
    expect(logits?.every(Number.isFinite)).toBe(true);
  });
});
