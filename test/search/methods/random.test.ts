/** Random genotypes are uniform. */
import { describe, expect, it } from 'vitest';
import { cellsOf, dartsGenotype } from '../../../src/search/genotype.ts';
import { randomGenotype } from '../../../src/search/methods/random.ts';
import { candidatesOf, edgesByNode, searchSpace, spaceNames } from '../../../src/search/spaces.ts';

describe.each(spaceNames)('of %s', (name) => {
  const space = searchSpace(name);

  it('are the same for the same seed, and others for another', () => {
    expect(randomGenotype(space, 1)).toEqual(randomGenotype(space, 1));
    const texts = Array.from({ length: 50 }, (_, seed) => JSON.stringify(randomGenotype(space, seed)));
    expect(new Set(texts).size).toBeGreaterThan(45);
  });

  it('keep as many edges as the space says, of different inputs', () => {
    for (let seed = 0; seed < 50; seed++) {
      cellsOf(randomGenotype(space, seed)).forEach(([, cell], kind) => {
        cell.nodes.forEach((edges, node) => {
          const inputs = edges.map(({ input }) => input);
          expect(new Set(inputs).size).toBe(inputs.length);
          const into = edgesByNode(space)[node] ?? [];
          expect(inputs).toHaveLength(Math.min(space.keptEdges, into.length));
          for (const { operation, input } of edges) {
            expect(candidatesOf(space, kind, into[input] ?? -1)).toContain(operation);
          }
        });
      });
    }
  });
});

describe('of the space of DARTS', () => {
  const space = searchSpace('darts');
  const count = 4000;
  const genotypes = Array.from({ length: count }, (_, seed) => dartsGenotype(randomGenotype(space, seed)));

  /** Σ (observed − expected)²/expected within five deviations of its mean. */
  function expectUniform(observed: ReadonlyMap<string, number>, cells: number): void {
    expect(observed.size).toBe(cells);
    const total = [...observed.values()].reduce((a, b) => a + b);
    const statistic = [...observed.values()].reduce(
      (sum, times) => sum + (times - total / cells) ** 2 / (total / cells),
      0,
    );
    expect(statistic).toBeLessThanOrEqual(cells - 1 + 5 * Math.sqrt(2 * (cells - 1)));
  }

  const tally = (names: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  };

  it.each([
    [0, 1],
    [1, 3],
    [2, 6],
    [3, 10],
  ])('have every pair of the edges into node %d alike', (node, pairs) => {
    const chosen = genotypes.map(({ normal }) =>
      (normal.nodes[node] ?? [])
        .map(({ input }) => input)
        .sort()
        .join(),
    );
    expectUniform(tally(chosen), pairs);
  });

  it('have every operation but none alike on both edges of a node together', () => {
    const chosen = genotypes.map(({ reduce }) =>
      [...(reduce.nodes[3] ?? [])]
        .sort((a, b) => a.input - b.input)
        .map(({ operation }) => operation)
        .join(),
    );
    expectUniform(tally(chosen), 49);
  });

  it('have the two cells independent of each other', () => {
    const chosen = genotypes.map(
      ({ normal, reduce }) =>
        `${normal.nodes[0]?.find(({ input }) => input === 0)?.operation} ${reduce.nodes[0]?.find(({ input }) => input === 0)?.operation}`,
    );
    expectUniform(tally(chosen), 49);
  });
});
