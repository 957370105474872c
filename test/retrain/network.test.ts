import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkCost } from '../../src/export/cost.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { float32 } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { trace } from '../../src/trace/trace.ts';
import { published } from '../search/published.ts';
import { imagesOf, network, onesContext } from './networks.ts';

beforeAll(() => tf.setBackend('cpu'));

const [darts_v1 = ''] = published.filter(({ name }) => name === 'darts_v1').map(({ text }) => text);
const paper = { channels: 36, cells: 20, imageChannels: 3, height: 32, width: 32, classes: 10 };

describe.each(published)('$name', ({ text, parameters, megaMacs }) => {
  const genotype = parseGenotype(text);

  it(`has ${parameters} parameters, the auxiliary head 476,426`, () => {
    expect(network(genotype, paper).parameters.size).toBe(parameters);
    expect(network(genotype, { ...paper, auxiliary: true }).parameters.size).toBe(parameters + 476_426);
  });

  it(`takes ${megaMacs} million multiply–accumulates`, () => {
    const cost = networkCost(genotype, paper);
    expect(cost.parameters).toBe(parameters);
    expect(Math.abs(cost.macs / 1e6 / megaMacs - 1)).toBeLessThan(1e-3);
  });
});

/** Images and numbers of cells. */
const sizes = [
  { height: 28, width: 28, imageChannels: 1 },
  { height: 32, width: 32, imageChannels: 3 },
  { height: 27, width: 33, imageChannels: 3 },
  { height: 33, width: 27, imageChannels: 1 },
  { height: 5, width: 5, imageChannels: 3 },
  { height: 1, width: 1, imageChannels: 1 },
].flatMap((image) => [1, 2, 3, 6].map((cells) => ({ ...image, cells })));

describe('output shapes', () => {
  it.each(sizes)('of $height×$width×$imageChannels, $cells cells', (size) => {
    const subject = network('pc_darts_cifar', { ...size, channels: 2, auxiliary: true });
    const graph = trace(
      ({ images }) => {
        const { logits, auxiliary } = subject.logits(images as Tensor4D, onesContext(), true);
        return { logits, auxiliary: auxiliary as Tensor };
      },
      { images: float32(2, size.height, size.width, size.imageChannels) },
    );
    expect(graph.outputs.map(({ name, value }) => [name, value.type.shape])).toEqual([
      ['logits', [2, 5]],
      ['auxiliary', [2, 5]],
    ]);
  });
});

it.each([
  ['[0, 1, 2]', 32],
  ['[0, 1, 2]', 12],
  ['[0]', 16],
  ['[]', 8],
])('the auxiliary head fits an image that was halved at %s, of %d×%d at first', (reductions, side) => {
  const genotype = parseGenotype(darts_v1.replace(/\)$/, `, reductions=${reductions})`));
  const subject = network(genotype, { cells: 5, height: side, width: side, auxiliary: true });
  const graph = trace(
    ({ images }) => ({
      auxiliary: subject.logits(images as Tensor4D, onesContext(), true).auxiliary as Tensor,
    }),
    { images: float32(2, side, side, 3) },
  );
  expect(graph.outputs[0]?.value.type.shape).toEqual([2, 5]);
});

it('the auxiliary head is computed only where it is asked for', () => {
  const subject = network('darts_v2', { auxiliary: true });
  const images = imagesOf(2);
  expect(subject.logits(images, onesContext()).auxiliary).toBeUndefined();
  expect(subject.logits(images, onesContext(), true).auxiliary?.shape).toEqual([2, 5]);
});
