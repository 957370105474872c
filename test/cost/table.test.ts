/** Tables of costs against the traced network, the expected cost and its gradient, and what is derived within a budget. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { countedTable } from '../../src/cost/table.ts';
import { InputError } from '../../src/errors.ts';
import { networkCost } from '../../src/export/cost.ts';
import { random } from '../../src/random.ts';
import { type Budget, type CostTable, costOf, costPenalty, expectedCost } from '../../src/search/budget.ts';
import { choicesOf, deriveGenotype } from '../../src/search/derive.ts';
import { costRange, deriveWithin, requireFeasible } from '../../src/search/derive-within.ts';
import { cellsOf, formatGenotype, type Genotype } from '../../src/search/genotype.ts';
import { learningMethodNames } from '../../src/search/method-names.ts';
import { searchDefaultsOf } from '../../src/search/method-options.ts';
import { darts } from '../../src/search/methods/darts.ts';
import { searchMethod } from '../../src/search/methods/index.ts';
import { edgePlaces, skeletonForm } from '../../src/search/skeleton-names.ts';
import {
  alphaShape,
  alphaSize,
  candidatesOf,
  type SearchSpace,
  searchSpace,
  spaceFromContent,
} from '../../src/search/spaces.ts';
import { type Strengths, softmaxStrengths } from '../../src/search/strengths.ts';
import { tf } from '../../src/tfjs.ts';
import { normals } from '../nn/differentiable.ts';

beforeAll(() => tf.setBackend('cpu'));

const size = { channels: 4, cells: 5, imageChannels: 3, height: 9, width: 7, classes: 3 };
const own = spaceFromContent(
  {
    name: 'own',
    nodes: 2,
    operations: ['none', 'skip_connect', 'conv_3x3', 'noise', 'sep_conv_5x5'],
    reductions: [0, '3/5'],
    keep: 1,
  },
  'own.json',
);
const spaces = [...['darts', 'simple', 'nas-bench-201', 's1', 's4'].map(searchSpace), own];
const cases = spaces.map((space) => [space.name, space] as const);
const tables = new Map<string, CostTable>();
const tableOf = (space: SearchSpace, cost: 'macs' | 'parameters'): CostTable => {
  const key = `${space.name} ${cost}`;
  const table = tables.get(key) ?? countedTable(space, size, cost);
  tables.set(key, table);
  return table;
};

/** Strengths of random numbers, larger differences than a search begins with. */
const strengthsOf = (space: SearchSpace, seed: number): Strengths =>
  softmaxStrengths(
    normals(alphaSize(space), space.name, seed).map((x) => 2 * x),
    space,
  );
const drawn = (space: SearchSpace, seed: number): Genotype => deriveGenotype(strengthsOf(space, seed), space);

/** α in which every edge has decided for one of its operations. */
function decided(space: SearchSpace): Float32Array {
  const [, edges, operations] = alphaShape(space);
  const alpha = new Float32Array(alphaSize(space));
  const numbers = random(1, 'decided', space.name);
  space.candidates.forEach((rows, kind) => {
    rows.forEach((_, edge) => {
      const choices = choicesOf(space, kind, edge);
      const chosen = choices[numbers.integer(choices.length)]?.column ?? 0;
      alpha[(kind * edges + edge) * operations + chosen] = 60;
    });
  });
  return alpha;
}

/** Whether each cell reads both of its inputs, and its output every node: then nothing of the network is left out. */
const isWhole = (genotype: Genotype): boolean =>
  cellsOf(genotype).every(([kind, { nodes, concat }]) => {
    const read = nodes.flat().filter(({ operation }) => !['none', 'noise'].includes(operation));
    const states = nodes.length + (kind === 'cell' ? 1 : 2);
    return Array.from({ length: states }, (_, state) => state).every(
      (state) => concat.includes(state) || read.some(({ input }) => input === state),
    );
  });

describe.each(cases)('the space %s', (_, space) => {
  it('has networks of the cost that its table adds up to', () => {
    for (let seed = 0; seed < 5; seed++) {
      const genotype = drawn(space, seed);
      const { parameters, macs } = networkCost(genotype, size);
      expect(costOf(genotype, tableOf(space, 'parameters'), space)).toBe(parameters);
      const sum = costOf(genotype, tableOf(space, 'macs'), space);
      expect(sum).toBeGreaterThanOrEqual(macs);
      if (isWhole(genotype)) expect(sum).toBe(macs);
    }
  });

  it('has the traced cost as the expected one of an α that has decided, where all edges are kept', () => {
    const all = { ...space, keptEdges: Number.POSITIVE_INFINITY };
    for (const cost of ['parameters', 'macs'] as const) {
      const table = tableOf(space, cost);
      const strengths = softmaxStrengths(decided(all), all);
      const expected = expectedCost(strengths, table, all);
      expect(expected / costOf(deriveGenotype(strengths, all), table, all)).toBeCloseTo(1, 6);
    }
  });

  it('expects the mean cost of all sets of edges that a node may keep', () => {
    const table = tableOf(space, 'macs');
    const strengths = strengthsOf(space, 1);
    const places = edgePlaces(space.skeleton, space.nodes);
    const mean = skeletonForm(space.skeleton).kinds.map((_kind, kind) =>
      places.map((edges) => {
        const costs = edges.map(({ edge }) => {
          const choices = choicesOf(space, kind, edge);
          const row = strengths[kind]?.[edge] ?? [];
          const sum = choices.reduce((total, { column }) => total + (row[column] ?? 0), 0);
          const cost = (column: number) => table.edges[kind]?.[edge]?.[column] ?? 0;
          return choices.reduce((total, { column }) => total + ((row[column] ?? 0) / sum) * cost(column), 0);
        });
        return (costs.reduce((a, b) => a + b, 0) * Math.min(space.keptEdges, edges.length)) / edges.length;
      }),
    );
    const total = mean.flat().reduce((a, b) => a + b, table.rest);
    expect(expectedCost(strengths, table, space) / total).toBeCloseTo(1, 9);
  });

  it('has a genotype within every budget that allows one, for every α', () => {
    const table = tableOf(space, 'macs');
    const { least, most } = costRange(space, table);
    expect(least).toBeLessThanOrEqual(most);
    const inputs = fc.tuple(fc.nat({ max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(inputs, ([seed, part]) => {
        const limit = least + part * (most - least);
        const strengths = strengthsOf(space, seed);
        const genotype = deriveWithin(strengths, space, { cost: 'macs', limit, table });
        expect(costOf(genotype, table, space)).toBeLessThanOrEqual(limit * (1 + 1e-12));
        cellsOf(genotype).forEach(([, { nodes }], kind) => {
          nodes.forEach((edges, node) => {
            const places = edgePlaces(space.skeleton, space.nodes)[node] ?? [];
            expect(edges).toHaveLength(Math.min(space.keptEdges, places.length));
            expect(new Set(edges.map(({ input }) => input)).size).toBe(edges.length);
            for (const { operation, input } of edges) {
              expect(candidatesOf(space, kind, places[input]?.edge ?? -1)).toContain(operation);
            }
          });
        });
      }),
      { numRuns: 25 },
    );
    // The traced network is within the budget, too.
    const limit = least + 0.3 * (most - least);
    const genotype = deriveWithin(strengthsOf(space, 3), space, { cost: 'macs', limit, table });
    expect(networkCost(genotype, size).macs).toBeLessThanOrEqual(limit);
  });

  it('has the usual genotype within a budget that allows all', () => {
    const table = tableOf(space, 'parameters');
    for (let seed = 0; seed < 5; seed++) {
      const strengths = strengthsOf(space, seed);
      const within = deriveWithin(strengths, space, { cost: 'parameters', limit: 1e12, table });
      expect(formatGenotype(within)).toBe(formatGenotype(deriveGenotype(strengths, space)));
    }
  });

  it('says what the smallest possible network has', () => {
    const table = tableOf(space, 'parameters');
    const { least } = costRange(space, table);
    const below = { cost: 'parameters', limit: least - 1, table } as const;
    expect(() => requireFeasible(space, table, { ...below, limit: least })).not.toThrow();
    for (const refuse of [
      () => requireFeasible(space, table, below),
      () => deriveWithin(strengthsOf(space, 1), space, below),
    ]) {
      expect(refuse).toThrow(
        /^no network of the space .* has parameters of at most .*: the smallest possible has /,
      );
      expect(refuse).toThrow(InputError);
    }
  });
});

it('only what is counted has a counted table', () => {
  const size = { channels: 4, cells: 1, imageChannels: 3, height: 8, width: 8, classes: 2 };
  expect(() => countedTable(searchSpace('darts'), size, 'latency' as 'macs')).toThrow(
    'the counted cost must be one of parameters, macs, got latency',
  );
});

describe('the genotype within a budget', () => {
  it('loses the least strength of all', () => {
    // One cell of two nodes: all genotypes can be tried.
    const space = spaceFromContent(
      { name: 'tiny', skeleton: 'nas-bench-201', nodes: 2, operations: ['none', 'skip_connect', 'conv_3x3'] },
      'tiny.json',
    );
    const table = {
      rest: 1,
      edges: [
        [
          [0, 1, 5],
          [0, 2, 7],
          [0, 1.5, 3.3],
        ],
      ],
    };
    const total = (genotype: Genotype, strengths: Strengths): number =>
      cellsOf(genotype)[0]?.[1]
        .nodes.flat()
        .reduce((sum, { operation }, edge) => {
          const column = candidatesOf(space, 0, edge).indexOf(operation);
          return sum + (strengths[0]?.[edge]?.[column] ?? 0);
        }, 0) ?? 0;
    for (let seed = 0; seed < 40; seed++) {
      const strengths = strengthsOf(space, seed);
      const limit = 1 + (seed * 15.3) / 40;
      let best = 0;
      for (let code = 0; code < 27; code++) {
        const columns = [code % 3, Math.floor(code / 3) % 3, Math.floor(code / 9)];
        const cost = columns.reduce((sum, column, edge) => sum + (table.edges[0]?.[edge]?.[column] ?? 0), 1);
        const strength = columns.reduce(
          (sum, column, edge) => sum + (strengths[0]?.[edge]?.[column] ?? 0),
          0,
        );
        if (cost <= limit) best = Math.max(best, strength);
      }
      expect(total(deriveWithin(strengths, space, { cost: 'latency', limit, table }), strengths)).toBeCloseTo(
        best,
        9,
      );
    }
  });

  it('is found where all costs differ', () => {
    const space = searchSpace('simple');
    const edges = [0, 1].map((kind) =>
      Array.from({ length: 14 }, (_, edge) => [...normals(5, kind, edge, 'cost')].map((x) => 0.1 + x * x)),
    );
    const table = { rest: 0.5, edges };
    const { least, most } = costRange(space, table);
    const limit = least + 0.2 * (most - least);
    const strengths = strengthsOf(space, 5);
    const genotype = deriveWithin(strengths, space, { cost: 'latency', limit, table });
    expect(costOf(genotype, table, space)).toBeLessThanOrEqual(limit);
    // All edges are kept, so for every price λ of the budget no genotype within it can be stronger than this.
    const bound = (price: number): number =>
      strengths
        .flatMap((rows, kind) =>
          rows.map((row, edge) =>
            Math.max(...row.map((strength, o) => strength - price * (edges[kind]?.[edge]?.[o] as number))),
          ),
        )
        .reduce((a, b) => a + b, price * (limit - table.rest));
    const ceiling = Math.min(...Array.from({ length: 400 }, (_, i) => bound(1e-4 * 1.03 ** i)));
    const strength = cellsOf(genotype).reduce(
      (sum, [, { nodes }], kind) =>
        sum +
        nodes.reduce(
          (all, incoming, node) =>
            all +
            incoming.reduce((total, { operation, input }) => {
              const edge = (node * (node + 3)) / 2 + input;
              const column = candidatesOf(space, kind, edge).indexOf(operation);
              return total + (strengths[kind]?.[edge]?.[column] as number);
            }, 0),
          0,
        ),
      0,
    );
    expect(strength).toBeLessThanOrEqual(ceiling);
    expect(strength).toBeGreaterThan(0.97 * ceiling);
  });
});

describe('the term in the loss of α', () => {
  const space = searchSpace('nas-bench-201');
  const table = tableOf(space, 'macs');
  const budgetOf = (limit: number): Budget => ({ cost: 'macs', limit, table, weight: 0.7 });
  const alphaOf = (values: Float32Array) => ({ alpha: tf.tensor(values, alphaShape(space)) });
  const alpha = normals(alphaSize(space), 'alpha');

  it.each(learningMethodNames)('is the excess of the expected cost (%s)', (name) => {
    const method = searchMethod({ ...searchDefaultsOf(name), method: name });
    const architecture = { alpha, beta: new Float32Array(6) };
    const expected = expectedCost(method.strengths(architecture, space), table, space);
    for (const part of [0.4, 0.9]) {
      const value = costPenalty(budgetOf(part * expected), space, method)
        .value(alphaOf(alpha), {})
        .dataSync();
      expect(value[0]).toBeCloseTo(0.7 * (1 / part - 1), 5);
    }
    expect(
      costPenalty(budgetOf(1.1 * expected), space, method)
        .value(alphaOf(alpha), {})
        .dataSync()[0],
    ).toBe(0);
  });

  it.each(['darts', 's3', 'nas-bench-201'])('has the gradient of finite differences in %s', (name) => {
    const subject = searchSpace(name);
    const shape = alphaShape(subject);
    const costs = tableOf(subject, 'macs');
    const values = normals(alphaSize(subject), 'at');
    const limit = 0.5 * expectedCost(softmaxStrengths(values, subject), costs, subject);
    const term = costPenalty({ cost: 'macs', limit, table: costs, weight: 1 }, subject, darts);
    const at = tf.tensor(values, shape);
    const gradient = tf
      .grad((a) => term.value({ alpha: a }, {}))(at)
      .dataSync<'float32'>();
    const excess = (x: Float32Array): number =>
      expectedCost(softmaxStrengths(x, subject), costs, subject) / limit - 1;
    const largest = gradient.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    expect(largest).toBeGreaterThan(0);
    for (let i = 0; i < values.length; i++) {
      const moved = (by: number): Float32Array => values.map((x, j) => (i === j ? x + by : x));
      const [above, below] = [moved(1e-2), moved(-1e-2)];
      const step = (above[i] as number) - (below[i] as number);
      const slope = (excess(above) - excess(below)) / step;
      expect(Math.abs((gradient[i] as number) - slope)).toBeLessThan(2e-3 * largest);
    }
  });

  it('leaves out edges that have nothing to choose', () => {
    const half = spaceFromContent(
      {
        name: 'half',
        skeleton: 'nas-bench-201',
        nodes: 2,
        operations: { cell: [['none'], ['conv_3x3'], ['none']] },
        chooses_none: false,
      },
      'half.json',
    );
    const costs = countedTable(half, size, 'macs');
    const value = costPenalty({ cost: 'macs', limit: 1000, table: costs, weight: 1 }, half, darts)
      .value({ alpha: tf.zeros(alphaShape(half)) }, {})
      .dataSync<'float32'>();
    const chosen = costs.rest + (costs.edges[0]?.[1]?.[0] ?? 0);
    expect((value[0] as number) / (chosen / 1000 - 1)).toBeCloseTo(1, 5);
    const within = deriveWithin([[[1], [1], [1]]], half, { cost: 'macs', limit: chosen, table: costs });
    expect(formatGenotype(within)).toBe('|none~0|+|conv_3x3~0|none~1|');
  });

  it('leads α into the budget, and leaves it there', () => {
    const limit = 0.6 * expectedCost(softmaxStrengths(alpha, space), table, space);
    const term = costPenalty(budgetOf(limit), space, darts);
    const slope = tf.grad((a) => term.value({ alpha: a }, {}));
    const at = tf.variable(tf.tensor(alpha, alphaShape(space)));
    for (let step = 0; step < 300; step++) at.assign(tf.sub(at, tf.mul(0.5, slope(at))));
    const reached = expectedCost(
      softmaxStrengths(Float32Array.from(at.dataSync<'float32'>()), space),
      table,
      space,
    );
    expect(reached / limit).toBeLessThan(1.01);
    // No further than needed: below the limit the term is 0, and so is its gradient.
    expect(reached / limit).toBeGreaterThan(0.9);
  });

  it('is not lowered by none where a genotype cannot have it', () => {
    const s3 = searchSpace('s3');
    const row = (none: number): Strengths =>
      Array.from({ length: 2 }, () =>
        Array.from({ length: 14 }, () => [none, (1 - none) / 2, (1 - none) / 2]),
      );
    const costs = tableOf(s3, 'macs');
    expect(expectedCost(row(0.9), costs, s3)).toBeCloseTo(expectedCost(row(0.1), costs, s3), 3);
  });
});
