import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { random } from '../../src/random.ts';
import { readWeights, writeWeights } from '../../src/retrain/weights.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { freshFolder } from '../runs/folders.ts';
import { network } from './networks.ts';

const subject = network('darts_v2', { auxiliary: true });
const weights = {
  theta: subject.parameters.initialize(random(1)),
  statistics: subject.statistics.initialize(random(2)).map((x, i) => x + i),
};

/** The weights in a file. */
function written(): string {
  const path = join(freshFolder(), 'best.safetensors');
  writeWeights(path, subject, weights, { genotype: 'x' });
  return path;
}

describe('weights', () => {
  it('round trip', () => {
    expect(readWeights(written(), subject)).toEqual({ ...weights, metadata: { genotype: 'x' } });
  });

  it('have names and shapes that other programs can use', () => {
    const { arrays } = readArrays(written());
    expect(arrays['parameter/stem/filter']?.shape).toEqual([3, 3, 3, 12]);
    expect(arrays['statistic/stem/variance']?.shape).toEqual([12]);
    for (const { name, offset, size } of subject.parameters.parameters) {
      expect(arrays[`parameter/${name}`]?.data).toEqual(weights.theta.slice(offset, offset + size));
    }
  });

  it('of a network with an auxiliary head serve one without', () => {
    const bare = network('darts_v2');
    const { theta } = readWeights(written(), bare);
    expect(theta).toEqual(weights.theta.slice(0, bare.parameters.size));
  });

  it.each([
    [
      'more channels',
      network('darts_v2', { channels: 8 }),
      'expected parameter stem/filter [3,3,3,24], got [3,3,3,12]',
    ],
    ['another genotype', network('pc_darts_cifar'), /expected parameter cell\S+ \[\S+\], got none/],
  ])('do not fit a network of %s', (_, other, message) => {
    const path = written();
    expect(() => readWeights(path, other)).toThrow(message);
    expect(() => readWeights(path, other)).toThrow(`${path} does not fit the network: `);
    expect(() => readWeights(path, other)).toThrow(InputError);
  });
});
