import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveGenotype as derive } from '../../src/search/derive.ts';
import { cellsOf, dartsGenotype, formatGenotype } from '../../src/search/genotype.ts';
import { parseGenotype } from '../../src/search/genotype-text.ts';
import { skeletonForm } from '../../src/search/skeleton-names.ts';
import {
  alphaShape,
  alphaSize,
  candidatesOf,
  type SearchSpace,
  searchSpace,
  spaceNames,
} from '../../src/search/spaces.ts';
import { softmaxStrengths } from '../../src/search/strengths.ts';
import { softmax } from '../../src/softmax.ts';
import { published } from './published.ts';

const darts = searchSpace('darts');
const simple = searchSpace('simple');

const deriveGenotype = (alpha: Float32Array, space: SearchSpace) =>
  derive(softmaxStrengths(alpha, space), space);
const deriveDarts = (alpha: Float32Array, space: SearchSpace) => dartsGenotype(deriveGenotype(alpha, space));

/** α in which only the given entries are not 0: [kind, edge, operation, value]. */
function alphaOf(
  space: SearchSpace,
  entries: readonly (readonly [number, number, string, number])[],
): Float32Array {
  const alpha = new Float32Array(alphaSize(space));
  const [, edges, columns] = alphaShape(space);
  for (const [kind, edge, operation, value] of entries) {
    const column = candidatesOf(space, kind, edge).map(String).indexOf(operation);
    expect(column).toBeGreaterThanOrEqual(0);
    alpha[(kind * edges + edge) * columns + column] = value;
  }
  return alpha;
}

describe('deriveGenotype', () => {
  it.each([[[]], [undefined], [softmaxStrengths(new Float32Array(alphaSize(simple)), simple)]])(
    'refuses what are not the strengths of the space: %#',
    (strengths) => {
      expect(() => derive(strengths as ReturnType<typeof softmaxStrengths>, darts)).toThrow(
        'the strengths must be numbers for 2 kinds of cells with 14 edges of 8 operations each',
      );
    },
  );

  it('keeps the two strongest edges of each node, the stronger first', () => {
    // Node 2 has the edges 0 and 1, node 3 the edges 2 to 4, node 4 5 to 8, node 5 9 to 13.
    const { normal } = deriveDarts(
      alphaOf(darts, [
        [0, 0, 'skip_connect', 1],
        [0, 1, 'sep_conv_3x3', 2],
        [0, 2, 'dil_conv_5x5', 1],
        [0, 4, 'avg_pool_3x3', 3],
        [0, 6, 'max_pool_3x3', 2],
        [0, 7, 'dil_conv_3x3', 4],
        [0, 8, 'sep_conv_5x5', 1],
        [0, 9, 'sep_conv_5x5', 5],
        [0, 13, 'skip_connect', 6],
      ]),
      darts,
    );
    expect(normal.nodes).toEqual([
      [
        { operation: 'sep_conv_3x3', input: 1 },
        { operation: 'skip_connect', input: 0 },
      ],
      [
        { operation: 'avg_pool_3x3', input: 2 },
        { operation: 'dil_conv_5x5', input: 0 },
      ],
      [
        { operation: 'dil_conv_3x3', input: 2 },
        { operation: 'max_pool_3x3', input: 1 },
      ],
      [
        { operation: 'skip_connect', input: 4 },
        { operation: 'sep_conv_5x5', input: 0 },
      ],
    ]);
    expect(normal.concat).toEqual([2, 3, 4, 5]);
  });

  it('takes the first operation and the first edges of equals', () => {
    const { normal, reduce } = deriveDarts(alphaOf(darts, []), darts);
    const pair = [
      { operation: 'max_pool_3x3', input: 0 },
      { operation: 'max_pool_3x3', input: 1 },
    ];
    expect(normal.nodes).toEqual([pair, pair, pair, pair]);
    expect(reduce).toEqual(normal);
  });

  it('never chooses none, which weakens its edge all the same', () => {
    const { reduce } = deriveDarts(
      alphaOf(darts, [
        // The strongest skip_connect of all, but none takes most of its edge.
        [1, 2, 'skip_connect', 2],
        [1, 2, 'none', 5],
        [1, 3, 'sep_conv_3x3', 1],
        [1, 4, 'sep_conv_5x5', 0.5],
      ]),
      darts,
    );
    expect(reduce.nodes[1]).toEqual([
      { operation: 'sep_conv_3x3', input: 1 },
      { operation: 'sep_conv_5x5', input: 2 },
    ]);
  });

  it('keeps every edge of the space simple', () => {
    const { normal } = deriveDarts(alphaOf(simple, [[0, 3, 'identity', 1]]), simple);
    expect(normal.nodes.map((edges) => edges.length)).toEqual([2, 3, 4, 5]);
    expect(normal.nodes[1]?.[0]).toEqual({ operation: 'identity', input: 1 });
  });

  it('decides every edge of a chain, for none too, in the order of its inputs', () => {
    const space = searchSpace('nas-bench-201');
    // Node 1 has the edge 0, node 2 the edges 1 and 2, node 3 the edges 3 to 5.
    const alpha = alphaOf(space, [
      [0, 0, 'nor_conv_3x3', 1],
      [0, 1, 'none', 1],
      [0, 2, 'avg_pool_3x3', 3],
      [0, 3, 'skip_connect', 1],
      [0, 4, 'nor_conv_1x1', 1],
    ]);
    expect(formatGenotype(deriveGenotype(alpha, space))).toBe(
      '|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|',
    );
  });

  it("chooses among an edge's own candidates", () => {
    const space = searchSpace('s1');
    const { normal, reduce } = deriveDarts(
      alphaOf(space, [
        [0, 0, 'dil_conv_3x3', 1],
        [0, 1, 'dil_conv_5x5', 2],
        [1, 6, 'sep_conv_3x3', 2],
      ]),
      space,
    );
    expect(normal.nodes[0]).toEqual([
      { operation: 'dil_conv_5x5', input: 1 },
      { operation: 'dil_conv_3x3', input: 0 },
    ]);
    expect(reduce.nodes[2]?.[0]).toEqual({ operation: 'sep_conv_3x3', input: 1 });
  });

  it.each(published)('finds $name in an α that prefers its edges in their order', ({ text }) => {
    const genotype = parseGenotype(text);
    const entries = cellsOf(genotype).flatMap(([, { nodes }], kind) =>
      nodes.flatMap((edges, node) =>
        edges.map(({ operation, input }, rank) => {
          const edge = (node * (node + 3)) / 2 + input;
          return [kind, edge, operation, 3 - rank] as const;
        }),
      ),
    );
    expect(deriveGenotype(alphaOf(darts, entries), darts)).toEqual(genotype);
  });

  it('is sound for every α', () => {
    const space = fc.constantFrom(...spaceNames).map(searchSpace);
    const drawn = space.chain((s) =>
      fc.tuple(
        fc.constant(s),
        fc.float32Array({
          minLength: alphaSize(s),
          maxLength: alphaSize(s),
          noNaN: true,
        }),
      ),
    );
    fc.assert(
      fc.property(drawn, ([s, alpha]) => {
        const genotype = deriveGenotype(alpha, s);
        expect(parseGenotype(formatGenotype(genotype))).toEqual(genotype);
        const { inputs } = skeletonForm(s.skeleton);
        for (const [, { nodes }] of cellsOf(genotype)) {
          nodes.forEach((edges, node) => {
            expect(edges).toHaveLength(Math.min(s.keptEdges, node + inputs));
            expect(new Set(edges.map(({ input }) => input)).size).toBe(edges.length);
          });
          if (!s.choosesNone) expect(nodes.flat().some(({ operation }) => operation === 'none')).toBe(false);
        }
      }),
    );
  });
});

describe('softmax', () => {
  it.each([
    [
      [0, 0],
      [0.5, 0.5],
    ],
    [
      [Math.log(1), Math.log(3)],
      [0.25, 0.75],
    ],
    [
      [1000, 1000 + Math.log(3)],
      [0.25, 0.75],
    ],
    [
      [-1e30, 0],
      [0, 1],
    ],
  ])('of %j', (row, expected) => {
    softmax(row).forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i] as number, 12);
    });
  });
});
