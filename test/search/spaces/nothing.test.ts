/** Edges and nodes that have no candidate but none: zeros in the supernet and in the network. */
import { expect, it } from 'vitest';
import { random } from '../../../src/random.ts';
import { deriveGenotype } from '../../../src/search/derive.ts';
import { formatGenotype } from '../../../src/search/genotype.ts';
import { searchDefaults } from '../../../src/search/options.ts';
import { spaceFromContent } from '../../../src/search/spaces/file.ts';
import { alphaSize } from '../../../src/search/spaces.ts';
import { weightStep } from '../../../src/search/steps.ts';
import { softmaxStrengths } from '../../../src/search/strengths.ts';
import { makeSupernet } from '../../../src/search/supernet.ts';
import { tf } from '../../../src/tfjs.ts';
import { compute, reference, tracedEngines } from '../../engine/engines.ts';
import { normals, relativeError } from '../../nn/differentiable.ts';
import { network } from '../../retrain/networks.ts';

const nothing = ['none'];
/** Its first node is zero: the second has convolutions of the inputs and of that. */
const space = spaceFromContent(
  {
    name: 'half',
    nodes: 2,
    operations: {
      normal: [nothing, nothing, ['sep_conv_3x3'], ['skip_connect'], ['conv_3x3']],
      reduce: [nothing, nothing, ['skip_connect'], ['max_pool_3x3'], ['skip_connect']],
    },
  },
  'half.json',
);

it('a node of none is zeros, traced as eagerly', async () => {
  const image = { channels: 1, height: 6, width: 6 };
  const options = { ...searchDefaults, channels: 4, cells: 2, batch: 4 };
  const supernet = makeSupernet(space, { ...options, imageChannels: 1, classes: 3 });
  const { fn, signature } = weightStep(supernet, options, image);
  const feeds = {
    theta: supernet.parameters.initialize(random(1)),
    'theta/momentum': new Float32Array(supernet.parameters.size),
    alpha: normals(alphaSize(space), 'alpha'),
    learningRate: Float32Array.of(0.1),
    step: Float32Array.of(1),
    images: normals(4 * 36, 'images'),
    labels: Int32Array.of(0, 1, 2, 0),
  };
  const expected = await compute(await reference(), fn, signature, feeds);
  expect(expected.theta?.every(Number.isFinite)).toBe(true);
  for (const { engine } of await tracedEngines()) {
    const actual = await compute(engine, fn, signature, feeds);
    expect(relativeError(actual.theta as Float32Array, expected.theta as Float32Array)).toBeLessThan(1e-5);
  }
});

it('a genotype keeps none where there is nothing else, and its network computes', async () => {
  await tf.setBackend('cpu');
  const genotype = deriveGenotype(softmaxStrengths(normals(alphaSize(space), 'alpha'), space), space);
  expect(formatGenotype(genotype)).toContain("normal=[('none', 0), ('none', 1), ");
  expect(network(genotype, { cells: 2 }).parameters.size).toBeGreaterThan(0);
});
