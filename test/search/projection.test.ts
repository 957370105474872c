/** The projection's plan, and its supernet against the method's own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Elements } from '../../src/engine/engine.ts';
import { random } from '../../src/random.ts';
import { deriveGenotype } from '../../src/search/derive.ts';
import { cellsOf } from '../../src/search/genotype.ts';
import { searchDefaultsOf } from '../../src/search/method-options.ts';
import { searchMethod } from '../../src/search/methods/index.ts';
import {
  decided,
  initialWeights,
  kept,
  projectionPlan,
  withoutCandidate,
} from '../../src/search/projection/plan.ts';
import { scheduleOf, trialAt, trialCount } from '../../src/search/projection/schedule.ts';
import {
  operationStrengths,
  weightedArchitecture,
  weightedSupernet,
} from '../../src/search/projection/supernet.ts';
import { alphaShape, alphaSize, searchSpace, spaceNames } from '../../src/search/spaces.ts';
import { evaluationStep } from '../../src/search/steps.ts';
import { rowsOf, softmaxStrengths } from '../../src/search/strengths.ts';
import { architectureValues, makeSupernet } from '../../src/search/supernet.ts';
import { compute, tracedEngines } from '../engine/engines.ts';
import { normals } from '../nn/differentiable.ts';

const planOf = (name: string, seed = 1) => projectionPlan(searchSpace(name), (kind) => random(seed, kind));

describe('the plan', () => {
  it.each([
    // Two cells of 14 edges; three nodes of more than two edges each.
    ['darts', 17, 34],
    // All edges are kept.
    ['simple', 14, 28],
    ['nas-bench-201', 6, 6],
    ['s2', 17, 34],
  ])('of %s has %d rounds of %d choices', (name, rounds, choices) => {
    expect(planOf(name)).toHaveLength(rounds);
    expect(planOf(name).flat()).toHaveLength(choices);
  });

  it('decides each edge once, and then each node, in an order of the seed', () => {
    const places = (seed: number) =>
      planOf('darts', seed)
        .flat()
        .map(({ of, kind, index }) => `${of} ${kind} ${index}`);
    expect(new Set(places(1)).size).toBe(34);
    expect(places(1)).toEqual(places(1));
    expect(places(1)).not.toEqual(places(2));
    expect([...places(1)].sort()).toEqual([...places(2)].sort());
    expect(planOf('darts').findIndex(([choice]) => choice?.of === 'edges')).toBe(14);
  });

  it.each(spaceNames)(
    'ends, for %s, with one operation an edge and the edges that a genotype keeps',
    (name) => {
      const space = searchSpace(name);
      const strengths = softmaxStrengths(normals(alphaSize(space), 'alpha'), space);
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
          const numbers = random(seed, 'scores');
          let weights = initialWeights(strengths, space);
          const stayed = new Map<string, number>();
          for (const choice of planOf(name, seed).flat()) {
            const scores = choice.candidates.map(() => ({
              correct: numbers.integer(3),
              loss: numbers.uniform(),
            }));
            const stay = kept(choice, scores);
            expect(stay).toHaveLength(choice.keep);
            weights = decided(weights, choice, stay, space);
            if (choice.of === 'operations') stayed.set(`${choice.kind}/${choice.index}`, stay[0] as number);
          }
          expect([...weights].every((x) => x === 0 || x === 1)).toBe(true);
          for (const [kind, rows] of rowsOf(weights, space).entries()) {
            for (const [edge, row] of rows.entries()) {
              const [column] = row.flatMap((x, i) => (x === 1 ? [i] : []));
              if (column !== undefined) expect(column).toBe(stayed.get(`${kind}/${edge}`) ?? column);
            }
          }
          const edges = [...weights].filter((x) => x === 1).length;
          const genotype = deriveGenotype(rowsOf(weights, space), space);
          expect(cellsOf(genotype).reduce((sum, [, { nodes }]) => sum + nodes.flat().length, 0)).toBe(edges);
        }),
        { numRuns: 20 },
      );
    },
  );
});

describe('kept', () => {
  const choice = (candidates: number[], keep = 1) =>
    ({ of: 'edges', kind: 0, index: 0, candidates, keep }) as const;
  const scores = (...list: [correct: number, loss: number][]) =>
    list.map(([correct, loss]) => ({ correct, loss }));

  it.each<[string, number[], number, [number, number][], number[]]>([
    [
      'what costs most correct images',
      [3, 5, 7],
      1,
      [
        [9, 1],
        [4, 1],
        [8, 9],
      ],
      [5],
    ],
    [
      'of equally many, what costs most loss',
      [3, 5, 7],
      1,
      [
        [4, 1],
        [4, 3],
        [4, 2],
      ],
      [5],
    ],
    [
      'of equals, the first',
      [3, 5, 7],
      1,
      [
        [4, 1],
        [4, 1],
        [4, 1],
      ],
      [3],
    ],
    [
      'two, in their order',
      [3, 5, 7],
      2,
      [
        [1, 1],
        [9, 1],
        [0, 1],
      ],
      [3, 7],
    ],
    ['the only one', [3], 1, [[9, 0]], [3]],
  ])('%s', (_, candidates, keep, list, expected) => {
    expect(kept(choice(candidates, keep), scores(...list))).toEqual(expected);
  });
});

it('a removal takes one weight of an edge, or all of them, and leaves the others as they are', () => {
  const space = searchSpace('darts');
  const [, edges, operations] = alphaShape(space);
  const weights = initialWeights(softmaxStrengths(normals(alphaSize(space), 'a'), space), space);
  const zeros = (x: Float32Array): number[] => [...x].flatMap((w, i) => (w === 0 ? [i] : []));
  const operation = { of: 'operations', kind: 1, index: 3, candidates: [2, 4], keep: 1 } as const;
  expect(zeros(withoutCandidate(weights, operation, 1, space))).toEqual([(edges + 3) * operations + 4]);
  const edge = { of: 'edges', kind: 0, index: 1, candidates: [2, 3, 4], keep: 2 } as const;
  expect(zeros(withoutCandidate(weights, edge, 0, space))).toEqual(
    Array.from({ length: operations }, (_, i) => 2 * operations + i),
  );
  expect(zeros(weights)).toEqual([]);
});

it('the schedule tunes between rounds, and counts the steps of a round', () => {
  const rounds = planOf('darts');
  const schedule = scheduleOf(rounds, 5);
  expect([schedule.epochs, schedule.tuning]).toEqual([17 + 80, 80]);
  const kinds = Array.from({ length: schedule.epochs }, (_, epoch) => schedule.at(epoch));
  expect(kinds.flatMap((now) => ('round' in now ? [now.round] : []))).toEqual(rounds);
  expect(kinds.flatMap((now) => ('tuning' in now ? [now.tuning] : []))).toEqual(
    Array.from({ length: 80 }, (_, i) => i),
  );
  expect(scheduleOf([], 5).epochs).toBe(0);

  const [round = []] = rounds;
  expect(trialCount(round, 3)).toBe(2 * 7 * 3);
  const trials = Array.from({ length: 42 }, (_, step) => trialAt(round, 3, step));
  expect(trials[0]).toEqual({ choice: 0, candidate: 0, batch: 0, offset: 0 });
  expect(trials[20]).toEqual({ choice: 0, candidate: 6, batch: 2, offset: 0 });
  expect(trials[21]).toEqual({ choice: 1, candidate: 0, batch: 0, offset: 7 });
  expect(trials[41]).toEqual({ choice: 1, candidate: 6, batch: 2, offset: 7 });
});

describe('the weighted supernet', () => {
  const image = { channels: 3, height: 6, width: 6 };
  const subject = (name: 'darts' | 'pc-darts' | 'gdas' | 'drnas' | 'fair-darts') => {
    const options = { ...searchDefaultsOf(name), channels: 4, cells: 2, batch: 4 };
    const space = searchSpace('darts');
    const skeleton = { ...options, imageChannels: 3, classes: 5 };
    const supernet = makeSupernet(space, skeleton, searchMethod(options));
    const net = weightedSupernet(supernet, skeleton);
    const alpha = normals(supernet.architecture.size, 'alpha');
    const architecture = architectureValues(supernet, alpha);
    const weights = initialWeights(operationStrengths(supernet.method, architecture, space), space);
    const fixed = {
      theta: supernet.parameters.initialize(random(1)),
      images: normals(4 * 3 * 36, 'images'),
      labels: Int32Array.of(0, 1, 2, 3),
    };
    const given = (mixing: Float32Array) =>
      weightedArchitecture(supernet.method, architecture, mixing, space);
    return { options, space, supernet, net, alpha, weights, fixed, given };
  };
  const engine = async () => (await tracedEngines())[1]?.engine as Parameters<typeof compute>[0];

  it.each(['darts', 'pc-darts', 'fair-darts'] as const)('of %s is its supernet', async (name) => {
    const { options, supernet, net, alpha, weights, fixed, given } = subject(name);
    const own = evaluationStep(supernet, options, image);
    const other = evaluationStep(net, options, image);
    const expected = await compute(await engine(), own.fn, own.signature, { ...fixed, alpha });
    const actual = await compute(await engine(), other.fn, other.signature, {
      ...fixed,
      alpha: given(weights),
    });
    expect((actual.loss as Elements)[0]).toBeCloseTo((expected.loss as Elements)[0] as number, 5);
    expect(actual.correct).toEqual(expected.correct);
  });

  it.each(['gdas', 'drnas'] as const)(
    'of %s weighs all candidates, by what the search expects',
    async (name) => {
      const { options, space, net, weights, fixed, given } = subject(name);
      for (const row of rowsOf(weights, space).flat()) {
        expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 5);
      }
      const { fn, signature } = evaluationStep(net, options, image);
      const lossOf = async (mixing: Float32Array) =>
        (await compute(await engine(), fn, signature, { ...fixed, alpha: given(mixing) })).loss?.[0];
      // Each candidate of an edge takes part.
      const whole = await lossOf(weights);
      const choice = { of: 'operations', kind: 1, index: 0, candidates: [1, 5], keep: 1 } as const;
      expect(await lossOf(withoutCandidate(weights, choice, 0, space))).not.toBe(whole);
      expect(await lossOf(withoutCandidate(weights, choice, 1, space))).not.toBe(whole);
    },
  );

  it('of pc-darts loses, with an edge, what goes past its operations', () => {
    const { space, supernet, weights, given } = subject('pc-darts');
    const [, edges] = alphaShape(space);
    const edge = { of: 'edges', kind: 0, index: 1, candidates: [2, 3, 4], keep: 2 } as const;
    const byEdge = given(withoutCandidate(weights, edge, 1, space)).subarray(weights.length);
    expect([...byEdge].flatMap((x, i) => (x === 0 ? [i] : []))).toEqual([3]);
    expect(byEdge).toHaveLength(2 * edges);
    expect(supernet.architecture.size).toBe(weights.length + 2 * edges);
  });
});
