/** What the methods' equations say, at their edges: equal α, one candidate, nothing but `none`. */
import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { random } from '../../../src/random.ts';
import {
  defaultWarmUp,
  methodOptions,
  requireMethodOptions,
  searchDefaultsOf,
} from '../../../src/search/method-options.ts';
import { concentration, divergenceSlope } from '../../../src/search/methods/drnas.ts';
import { zeroOneLoss } from '../../../src/search/methods/fair-darts.ts';
import type { ArchitectureValues, Method, Moment } from '../../../src/search/methods/method.ts';
import type { EdgeWeights } from '../../../src/search/mixed-operation.ts';
import type { OperationName } from '../../../src/search/operation-names.ts';
import { everywhere } from '../../../src/search/spaces/space.ts';
import {
  alphaShape,
  alphaSize,
  candidatesOf,
  edgeCount,
  edgesByNode,
  type SearchSpace,
  searchSpace,
} from '../../../src/search/spaces.ts';
import { makeSupernet } from '../../../src/search/supernet.ts';
import { softmax } from '../../../src/softmax.ts';
import { tf } from '../../../src/tfjs.ts';
import { compute, tracedEngines } from '../../engine/engines.ts';
import { normals } from '../../nn/differentiable.ts';
import { learningMethods, methodOf, subjectOf, twoNodes } from './subject.ts';

beforeAll(() => tf.setBackend('cpu'));

const space = searchSpace('darts');
const [kinds, edges, operations] = alphaShape(space);

const of = (names: readonly OperationName[]): SearchSpace => ({
  ...space,
  name: 'small',
  candidates: everywhere(names, space),
});

/** No edge into the first node has a candidate but `none`. */
const withoutFirst: SearchSpace = {
  ...space,
  candidates: space.candidates.map((kind) =>
    kind.map((_, edge): OperationName[] => (edge < 2 ? ['none'] : ['sep_conv_3x3'])),
  ),
};

const moment = (architecture: ArchitectureValues, seed = 1, epoch = 0, epochs = 10): Moment => ({
  epoch,
  epochs,
  architecture,
  random: random(seed),
});

/** What a method declares, as `fill` says. */
function valuesOf(
  method: Method,
  on: SearchSpace,
  fill: (i: number, name: string) => number,
): ArchitectureValues {
  const { architecture } = makeSupernet(on, { channels: 4, cells: 1, imageChannels: 1, classes: 2 }, method);
  return Object.fromEntries(
    architecture.parameters.map(({ name, size }) => [
      name,
      Float32Array.from({ length: size }, (_, i) => fill(i, name)),
    ]),
  );
}

/** A method's weights of every edge, as numbers. */
function weightsAt(method: Method, values: ArchitectureValues, on: SearchSpace = space, at?: Moment) {
  return tf.tidy(() => {
    const shape = alphaShape(on);
    const tensors = Object.fromEntries(
      Object.entries(values).map(([name, x]) => [
        name,
        tf.tensor(x, name === 'beta' ? shape.slice(0, 2) : shape),
      ]),
    );
    const inputs = Object.fromEntries(
      Object.entries(method.inputs(on)).map(([name, { spec, value }]) => [
        name,
        tf.tensor(value(at ?? moment(values)), spec.shape as number[]),
      ]),
    );
    const number = (x: Tensor): number => x.dataSync()[0] as number;
    const numbers = ({ operations: scalars, edge, chosen }: EdgeWeights) => ({
      operations: scalars.map(number),
      edge: edge && number(edge),
      chosen: chosen?.map(number),
    });
    return method.mix(tensors, inputs, on).map((kind) => kind.map(numbers));
  });
}

describe('weights of the supernet', () => {
  it.each([
    // yuhuixu1993/PC-DARTS, CIFAR-10.
    [4, 299_578],
    // All channels: DARTS's.
    [1, 1_930_618],
  ])('by PC-DARTS with k = %d', (partialChannels, count) => {
    const options = { channels: 16, cells: 8, imageChannels: 3, classes: 10 };
    const { parameters, architecture } = makeSupernet(
      space,
      options,
      methodOf('pc-darts', { partialChannels }),
    );
    expect(parameters.size).toBe(count);
    expect(architecture.size).toBe(alphaSize(space) + kinds * edges);
  });
});

describe('equal α', () => {
  const equal = (method: Method, on: SearchSpace = space) => valuesOf(method, on, () => 0.3);

  it.each(['darts', 'pc-darts'] as const)('weighs candidates equally by %s', (name) => {
    const method = methodOf(name);
    for (const edge of weightsAt(method, equal(method)).flat()) {
      for (const weight of edge.operations) expect(weight).toBeCloseTo(1 / operations, 6);
    }
  });

  it('weighs edges equally by PC-DARTS, node by node', () => {
    const method = methodOf('pc-darts');
    for (const kind of weightsAt(method, equal(method))) {
      for (const node of edgesByNode(space)) {
        for (const edge of node) expect(kind[edge]?.edge).toBeCloseTo(1 / node.length, 6);
      }
    }
  });

  it('is the sigmoid by FairDARTS, whatever the others are', () => {
    const method = methodOf('fair-darts');
    for (const edge of weightsAt(method, equal(method)).flat()) {
      for (const weight of edge.operations) expect(weight).toBeCloseTo(1 / (1 + Math.exp(-0.3)), 6);
    }
  });

  it.each(learningMethods)('makes %s derive the first candidates of the first edges', (name) => {
    const method = methodOf(name);
    const strengths = method.strengths(equal(method), space);
    expect(strengths.map((kind) => kind.length)).toEqual([edges, edges]);
    for (const row of strengths.flat()) expect(new Set(row).size).toBe(1);
  });
});

describe('one candidate', () => {
  const single = of(['sep_conv_3x3']);

  it.each(['darts', 'pc-darts', 'gdas', 'drnas'] as const)('has all the weight by %s', (name) => {
    const method = methodOf(name);
    const values = valuesOf(method, single, (i) => normals(1, 'one', i)[0] as number);
    for (const edge of weightsAt(method, values, single).flat()) {
      expect(edge.operations).toHaveLength(1);
      expect(edge.operations[0]).toBeCloseTo(1, 6);
      if (edge.chosen) expect(edge.chosen).toEqual([1]);
    }
  });
});

describe.each([
  ['one candidate', of(['sep_conv_3x3'])],
  ['nothing but none', of(['none'])],
  ['a node with nothing but none', withoutFirst],
])('a supernet of %s', (_, small) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = (await tracedEngines())[0]?.engine as Engine;
  });

  it.each(learningMethods)('has finite gradients by %s', async (name) => {
    const method = methodOf(name, { partialChannels: name === 'pc-darts' ? 2 : 1 });
    const { fn, signature, feeds } = subjectOf(small, methodOf(name), {
      channels: 4,
      cells: 1,
      batch: 4,
      side: 6,
    });
    const results = await compute(engine, fn, signature, feeds(1));
    expect(method.name).toBe(name);
    for (const elements of Object.values(results)) {
      expect([...elements].every(Number.isFinite)).toBe(true);
    }
    // A softmax of one candidate is 1, whatever its α is. (FairDARTS' sigmoid is not, and its penalty pulls.)
    const alpha = (results.alpha as Float32Array).subarray(0, alphaSize(small));
    if (name === 'darts' || name === 'gdas') expect(Math.max(...[...alpha].map(Math.abs))).toBeLessThan(1e-6);
  });
});

describe('GDAS', () => {
  const method = methodOf('gdas');
  const alpha = normals(alphaSize(space), 'gdas');
  const values = { alpha };

  it('chooses one candidate an edge, with the weight 1', () => {
    for (const edge of weightsAt(method, values).flat()) {
      expect(edge.chosen?.filter((x) => x === 1)).toHaveLength(1);
      expect(edge.operations).toEqual(Array(operations).fill(1));
    }
  });

  it('chooses as often as softmax(α) says', () => {
    const count = 600;
    const chosen = Array.from({ length: count }, (_, seed) =>
      weightsAt(method, values, space, moment(values, seed)).map((kind) =>
        kind.map((edge) => edge.chosen ?? []),
      ),
    );
    // All edges with their probabilities in one statistic, which has as many degrees of freedom as free frequencies.
    let statistic = 0;
    for (let kind = 0; kind < kinds; kind++) {
      for (let edge = 0; edge < edges; edge++) {
        const begin = (kind * edges + edge) * operations;
        softmax([...alpha.subarray(begin, begin + operations)]).forEach((probability, operation) => {
          const times = chosen.filter((one) => one[kind]?.[edge]?.[operation] === 1).length;
          statistic += (times - count * probability) ** 2 / (count * probability);
        });
      }
    }
    const freedom = kinds * edges * (operations - 1);
    expect(Math.abs(statistic - freedom)).toBeLessThan(5 * Math.sqrt(2 * freedom));
  });

  it('lowers the temperature from epoch to epoch in equal steps', () => {
    const temperature = (epoch: number, epochs: number) =>
      method.inputs(space).temperature?.value(moment(values, 1, epoch, epochs))[0] as number;
    expect(temperature(0, 250)).toBe(10);
    expect(temperature(249, 250)).toBeCloseTo(0.1, 6);
    expect(temperature(100, 201)).toBeCloseTo((10 + 0.1) / 2, 5);
    expect(temperature(0, 1)).toBe(10);
  });

  it('gives a candidate that was not chosen no gradient', async () => {
    const small = { channels: 4, cells: 1, batch: 4, side: 6 };
    const { supernet, fn, signature, feeds } = subjectOf(twoNodes, method, small);
    const count = edgeCount(twoNodes);
    const [blocked] = await tracedEngines();
    const given = feeds(1);
    const { theta } = await compute(blocked?.engine as Engine, fn, signature, given);
    const chosen = new Set(
      [...Array(count).keys()].map((edge) => {
        const begin = (count + edge) * operations;
        const row = Array.from(
          { length: operations },
          (_, i) => (given.alpha[begin + i] as number) + (given.gumbel?.[begin + i] as number),
        );
        return `edge${edge}/${candidatesOf(twoNodes, 1, edge)[row.indexOf(Math.max(...row))]}`;
      }),
    );
    let zero = 0;
    for (const { name, offset, size } of supernet.parameters.parameters) {
      const own = /(edge\d+\/\w+?)\/(?:first|second|even|odd|depthwise|filter)/.exec(name)?.[1];
      if (!own) continue;
      const isZero = [...(theta as Float32Array).subarray(offset, offset + size)].every((x) => x === 0);
      expect(isZero, name).toBe(!chosen.has(own));
      if (isZero) zero++;
    }
    expect(zero).toBeGreaterThan(0);
  });
});

describe('DrNAS', () => {
  const method = methodOf('drnas');
  const alpha = normals(alphaSize(space), 'drnas');
  const values = { alpha };
  const betas = (kind: number, edge: number): number[] => {
    const begin = (kind * edges + edge) * operations;
    return [...alpha.subarray(begin, begin + operations)].map(concentration);
  };

  it('draws weights that sum to one and have the mean of the Dirichlet, its strengths', () => {
    const count = 400;
    const strengths = method.strengths(values, space);
    const sums = strengths.map((kind) => kind.map((row) => row.map(() => 0)));
    for (let seed = 0; seed < count; seed++) {
      weightsAt(method, values, space, moment(values, seed)).forEach((kind, k) => {
        kind.forEach(({ operations: weights }, e) => {
          expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
          weights.forEach((weight, o) => {
            ((sums[k] as number[][])[e] as number[])[o] = (sums[k]?.[e]?.[o] as number) + weight / count;
          });
        });
      });
    }
    for (let k = 0; k < kinds; k++) {
      for (let e = 0; e < edges; e++) {
        const total = betas(k, e).reduce((a, b) => a + b);
        betas(k, e).forEach((beta, o) => {
          const mean = beta / total;
          expect(strengths[k]?.[e]?.[o]).toBeCloseTo(mean, 9);
          const deviation = Math.sqrt((mean * (1 - mean)) / (total + 1) / count);
          expect(Math.abs((sums[k]?.[e]?.[o] as number) - mean)).toBeLessThan(5 * deviation);
        });
      }
    }
  });

  it('gives weights where α is very low, and a finite gradient', () => {
    const low = { alpha: Float32Array.from(alpha, (_, i) => (i % 3 === 0 ? -60 : -15)) };
    for (const edge of weightsAt(method, low).flat()) {
      expect(edge.operations.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    }
    const drawn = method.inputs(space).gamma?.value(moment(low));
    expect([...(drawn ?? [Number.NaN])].every(Number.isFinite)).toBe(true);
  });

  const gradientOf = (distance: 'l2' | 'kl', weight: number): Float32Array => {
    const own = methodOf('drnas', { anchorDistance: distance, anchorWeight: weight });
    const [penalty] = own.penalties(space);
    const inputs = Object.fromEntries(
      Object.entries(penalty?.inputs ?? {}).map(([name, { spec, value }]) => [
        name,
        tf.tensor(value(moment(values)), spec.shape as number[]),
      ]),
    );
    const gradient = tf.grad((a) => penalty?.value({ alpha: a }, inputs) as Tensor);
    return gradient(tf.tensor3d(alpha, [kinds, edges, operations])).dataSync() as Float32Array;
  };

  it('pulls α to zero as a weight decay does, by l2', () => {
    gradientOf('l2', 0.25).forEach((x, i) => {
      expect(x).toBeCloseTo(0.25 * (alpha[i] as number), 6);
    });
  });

  it('follows the divergence from the uniform Dirichlet, by kl', () => {
    // KL(Dir(β) ‖ Dir(1)) of two candidates by numerical integration over the weight of the first.
    const divergence = (a: number, b: number): number => {
      const steps = 200_000;
      const density = (x: number): number => x ** (a - 1) * (1 - x) ** (b - 1);
      const places = Array.from({ length: steps }, (_, i) => (i + 0.5) / steps);
      const whole = places.reduce((sum, x) => sum + density(x), 0) / steps;
      return places.reduce((sum, x) => sum + (density(x) / whole) * Math.log(density(x) / whole), 0) / steps;
    };
    for (const [a, b] of [
      [2, 3],
      [1.5, 4],
      [3, 3],
    ] as const) {
      const h = 1e-3;
      const slopes = [
        (divergence(a + h, b) - divergence(a - h, b)) / (2 * h),
        (divergence(a, b + h) - divergence(a, b - h)) / (2 * h),
      ];
      divergenceSlope([a, b]).forEach((slope, i) => {
        expect(slope).toBeCloseTo(slopes[i] as number, 4);
      });
    }
    expect(divergenceSlope([1, 1, 1])).toEqual([0, 0, 0].map((x) => expect.closeTo(x, 12)));
    // Through elu, whose slope is exp(α) below zero.
    gradientOf('kl', 0.5).forEach((x, i) => {
      const [kind, edge] = [Math.floor(i / (edges * operations)), Math.floor(i / operations) % edges];
      const slope = divergenceSlope(betas(kind, edge))[i % operations] as number;
      const a = alpha[i] as number;
      expect(x).toBeCloseTo(0.5 * slope * (a > 0 ? 1 : Math.exp(a)), 4);
    });
  });
});

describe('FairDARTS', () => {
  it('begins at zero, with all weights one half', () => {
    const { architecture } = makeSupernet(
      space,
      { channels: 4, cells: 1, imageChannels: 1, classes: 2 },
      methodOf('fair-darts'),
    );
    expect(architecture.initialize(random(1)).every((x) => x === 0)).toBe(true);
  });

  it('loses least where every weight is 0 or 1', () => {
    const loss = (alpha: number[]): number =>
      zeroOneLoss(10)
        .value({ alpha: tf.tensor1d(alpha) }, {})
        .dataSync()[0] as number;
    expect(loss([0, 0])).toBeCloseTo(0, 9);
    expect(loss([50, -50])).toBeCloseTo(-10 / 4, 6);
    expect(loss([Math.log(3), 0])).toBeCloseTo((-10 * 0.25 ** 2) / 2, 6);
  });
});

describe('PC-DARTS', () => {
  it('is as strong as the product of both softmaxes, which are those that the supernet uses', () => {
    const method = methodOf('pc-darts');
    const values = valuesOf(method, space, (i, name) => normals(1, name, i)[0] as number);
    const strengths = method.strengths(values, space);
    weightsAt(method, values).forEach((kind, k) => {
      kind.forEach(({ operations: weights, edge }, e) => {
        weights.forEach((weight, o) => {
          expect(strengths[k]?.[e]?.[o]).toBeCloseTo(weight * (edge as number), 6);
        });
      });
    });
  });
});

describe('options', () => {
  it.each([...methodOptions])('%s is refused where the method is not one of %j', (name, owners) => {
    const value = { partialChannels: 2, anchorDistance: 'kl' } as Record<string, unknown>;
    for (const method of learningMethods) {
      const options = { ...searchDefaultsOf(method), [name]: value[name] ?? 1 };
      const check = (): void => requireMethodOptions(options);
      if (owners.includes(method)) expect(check).not.toThrow();
      else expect(check).toThrow(`${name} belongs to the method`);
    }
  });

  it('partialChannels must divide the channels', () => {
    const options = { ...searchDefaultsOf('pc-darts'), channels: 6 };
    expect(() => requireMethodOptions(options)).toThrow(
      'must divide the channels, of which there are 6; got 4',
    );
  });

  it('freeze α for as large a part of the epochs as the authors do', () => {
    const own = searchDefaultsOf('pc-darts');
    expect([undefined, 100, 10, 3, 1].map((epochs) => defaultWarmUp(own, epochs))).toEqual([15, 30, 3, 0, 0]);
    expect(defaultWarmUp(searchDefaultsOf('darts'), 50)).toBe(0);
  });

  it('have the defaults of their method where they are left out', () => {
    const { partialChannels: _, ...rest } = searchDefaultsOf('pc-darts');
    const options = { channels: 8, cells: 1, imageChannels: 1, classes: 2 };
    const sizes = [rest, searchDefaultsOf('pc-darts')].map(
      (given) => makeSupernet(space, options, methodOf('pc-darts', given)).parameters.size,
    );
    expect(sizes[0]).toBe(sizes[1]);
  });
});
