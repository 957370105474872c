import { beforeAll, describe, expect, it } from 'vitest';
import {
  biasUniform,
  type Initializer,
  kaimingUniform,
  kaimingUniformDepthwise,
  ones,
  ParameterTable,
  zeros,
} from '../../src/nn/parameters.ts';
import { random } from '../../src/random.ts';
import { tf } from '../../src/tfjs.ts';

beforeAll(() => tf.setBackend('cpu'));

function table(): ParameterTable {
  const parameters = new ParameterTable();
  parameters.declare('a', [2, 3], zeros);
  parameters.declare('b', [], ones);
  parameters.declare('c', [4], kaimingUniform);
  return parameters;
}

describe('ParameterTable', () => {
  it('places parameters one after the other', () => {
    const parameters = table();
    expect(parameters.parameters.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['a', 0, 6],
      ['b', 6, 1],
      ['c', 7, 4],
    ]);
    expect(parameters.size).toBe(11);
    expect(new ParameterTable().size).toBe(0);
  });

  it('splits θ into pieces of their shapes, and joins them again', () => {
    const parameters = table();
    const theta = Float32Array.from({ length: 11 }, (_, i) => i);
    tf.tidy(() => {
      const pieces = parameters.split(tf.tensor1d(theta));
      expect(pieces.map(({ shape }) => shape)).toEqual([[2, 3], [], [4]]);
      expect(pieces[0]?.arraySync()).toEqual([
        [0, 1, 2],
        [3, 4, 5],
      ]);
      expect(parameters.join(pieces).dataSync()).toEqual(theta);
      const [, b] = parameters.parameters;
      expect(b && parameters.lookup(pieces)(b).dataSync()).toEqual(Float32Array.of(6));
    });
    expect(new ParameterTable().split(tf.tensor1d([]))).toEqual([]);
  });

  it('refuses a name twice, and parameters of another table', () => {
    const parameters = table();
    expect(() => parameters.declare('a', [1], zeros)).toThrow('the parameter a is declared twice');
    const other = new ParameterTable().declare('d', [1], zeros);
    expect(() => parameters.lookup([])(other)).toThrow('the parameter d is not in this table');
  });

  it('initialises θ from the seed alone', () => {
    const first = table().initialize(random(1));
    expect(first.subarray(0, 7)).toEqual(Float32Array.of(0, 0, 0, 0, 0, 0, 1));
    expect(table().initialize(random(1))).toEqual(first);
    expect(table().initialize(random(2))).not.toEqual(first);
  });
});

describe('initializers', () => {
  /** PyTorch's: U(−1/√fan_in, 1/√fan_in). */
  it.each<[string, Initializer, number[], number]>([
    ['a convolution, of k²·inputs', kaimingUniform, [3, 3, 16, 48], 1 / Math.sqrt(3 * 3 * 16)],
    ['a matrix, of its inputs', kaimingUniform, [64, 100], 1 / Math.sqrt(64)],
    ['a depthwise filter, of k²', kaimingUniformDepthwise, [5, 5, 256, 1], 1 / 5],
    ['a bias, of the inputs given', biasUniform(64), [5000], 1 / 8],
  ])('the bound of %s', (_, initializer, shape, bound) => {
    const size = shape.reduce((product, d) => product * d, 1);
    const values = new Float32Array(size);
    initializer(values, shape, random(1));
    const sizes = values.map(Math.abs).sort();
    expect(sizes.at(-1)).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(sizes.at(-1)).toBeGreaterThan(0.99 * bound);
    const mean = values.reduce((sum, x) => sum + x, 0) / size;
    const variance = values.reduce((sum, x) => sum + x * x, 0) / size;
    // Five standard errors of each.
    expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * size));
    expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / size));
  });
});
