/** Networks whose channels fill no blocks: computed in whole ones, they are the same networks. */
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { padTo } from '../../src/nn/padding.ts';
import { nodesOf } from '../../src/onnx/ir.ts';
import { qualifiedName } from '../../src/onnx/operators.ts';
import { random } from '../../src/random.ts';
import { retrainDefaults } from '../../src/retrain/options.ts';
import { inferenceStep, trainStep } from '../../src/retrain/steps.ts';
import type { Genotype } from '../../src/search/genotype.ts';
import { searchMethod } from '../../src/search/methods/index.ts';
import { randomGenotype } from '../../src/search/methods/random.ts';
import { type SearchOptions, searchDefaults } from '../../src/search/options.ts';
import { searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { makeSupernet } from '../../src/search/supernet.ts';
import type { Signature, Step } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { cpu, portable } from '../../src/trace/device.ts';
import { trace } from '../../src/trace/trace.ts';
import { network } from '../retrain/networks.ts';
import { normals, relativeError } from './differentiable.ts';

const [batch, classes, side] = [4, 5, 8];
const image = { channels: 3, height: side, width: side };

/** Numbers for a step: labels below the classes, what stands for a variance or a second moment positive. */
function feedsOf(
  signature: Signature,
  seed: number,
  own: Record<string, Elements>,
): Record<string, Elements> {
  const drawn = Object.entries(signature).map(([input, { shape, dtype }]): [string, Elements] => {
    const length = (shape as readonly number[]).reduce((product, d) => product * d, 1);
    const numbers = random(seed, input);
    if (dtype === 'int32') return [input, Int32Array.from({ length }, () => numbers.integer(classes))];
    if (input === 'learningRate') return [input, Float32Array.of(0.02)];
    if (input === 'step') return [input, Float32Array.of(3)];
    const values = normals(length, input, seed);
    return [
      input,
      input.endsWith('/second') || input === 'statistics' ? values.map((x) => 0.5 + x * x) : values,
    ];
  });
  return { ...Object.fromEntries(drawn), ...own };
}

/** Expects each output in blocks to be that of the graph without blocks, which knows no padding, up to a relative error. */
async function expectSame(
  { fn, signature }: Step,
  own: (seed: number) => Record<string, Elements>,
  tolerance: number,
): Promise<void> {
  const compiled = async (blocked: boolean) =>
    (await onnxruntimeEngine({ blocked, threads: 1 })).compile(fn, signature, 'step');
  const [padded, plain] = [await compiled(true), await compiled(false)];
  let least = Number.POSITIVE_INFINITY;
  // Rounding may take a number over a kink, where gradients differ by a term; a wrong one is wrong for every seed.
  for (let seed = 1; seed <= 3 && least >= tolerance; seed++) {
    const feeds = feedsOf(signature, seed, own(seed));
    const [expected, actual] = [await plain.run(feeds), await padded.run(feeds)];
    const errors = Object.entries(expected).map(([output, elements]) =>
      output === 'correct'
        ? Math.abs((elements[0] as number) - Number(actual.correct?.[0]))
        : relativeError(actual[output] as Elements, elements),
    );
    least = Math.min(least, Math.max(...errors));
  }
  for (const { dispose } of [padded, plain]) await dispose();
  expect(least).toBeLessThan(tolerance);
}

const retrained = (genotype: Genotype | string, channels: number) => {
  const subject = network(genotype, { channels, height: side, width: side, classes, auxiliary: true });
  const options = { ...retrainDefaults, channels, batch };
  const own = (seed: number) => ({ theta: subject.parameters.initialize(random(seed)) });
  return { train: trainStep(subject, options, image), use: inferenceStep(subject, batch, image), own };
};

// 6: the first cells are too narrow to be padded, and the halves of a reduction.
describe.each([6, 9, 12, 24])('a network of %d channels', (channels) => {
  it.each(['darts_v2', 'pc_darts_cifar'])('trains as %s without padding', async (genotype) => {
    const { train, own } = retrained(genotype, channels);
    await expectSame(train, own, 2e-5);
  });

  it('is used as without padding', async () => {
    const { use, own } = retrained('darts_v1', channels);
    await expectSame(use, own, 2e-5);
  });
});

it.each([
  // Noise is drawn for the network's own channels.
  ['s4', 12],
  ['nas-bench-201', 12],
  ['nas-bench-201', 20],
])('a random network of the space %s trains at %d channels as without padding', async (space, channels) => {
  const { train, own } = retrained(randomGenotype(searchSpace(space), 3), channels);
  await expectSame(train, own, 2e-5);
});

describe.each([
  ['darts', 'darts', 6],
  ['darts', 'simple', 8],
  ['darts', 'darts', 12],
  ['darts', 'nas-bench-201', 12],
  ['pc-darts', 'darts', 20],
  ['pc-darts', 'simple', 24],
  ['gdas', 'simple', 12],
] as const)('a search by %s in the space %s at %d channels', (method, spaceName, channels) => {
  const options = {
    ...searchDefaults,
    channels,
    cells: spaceName === 'nas-bench-201' ? 3 : 2,
    batch,
    space: spaceName,
    method,
  } satisfies SearchOptions;
  const space = searchSpace(spaceName);
  const supernet = makeSupernet(space, { ...options, imageChannels: 3, classes }, searchMethod(options));
  const own = (seed: number) => ({ theta: supernet.parameters.initialize(random(seed)) });

  it.each([
    ['α', alphaStep],
    ['the weights', weightStep],
  ] as const)('updates %s as without padding', async (_, make) => {
    await expectSame(make(supernet, options, image), own, 1e-4);
  });
});

describe('the graph', () => {
  const { train, use } = retrained('darts_v2', 36);
  const operatorsOf = (step: Step, device = cpu(16)): string[] =>
    nodesOf(trace(step.fn, step.signature, { device }).outputs.map(({ value }) => value)).map(qualifiedName);

  it('of a padded network holds blocked convolutions only', () => {
    expect(operatorsOf(train)).toContain('com.microsoft.nchwc.Conv');
    expect(operatorsOf(use)).not.toContain('Conv');
  });

  it('of what is exported is not padded', () => {
    expect(operatorsOf(use, portable)).not.toContain('Pad');
  });
});

it('pads each part of concatenated channels by itself', async () => {
  await tf.setBackend('cpu');
  expect([...padTo(tf.tensor1d([1, 2, 3, 4]), 0, 6, 2).dataSync()]).toEqual([1, 2, 0, 3, 4, 0]);
});
