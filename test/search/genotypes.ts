/** Random genotypes, and texts that were genotypes before something happened to them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type CellGenotype, cellsOf, type Edge, type Genotype } from '../../src/search/genotype.ts';
import { operationNames } from '../../src/search/operation-names.ts';

/** The edges into a node that `states` come before, at least one. */
const edges = (states: number): fc.Arbitrary<Edge[]> =>
  fc.array(fc.record({ operation: fc.constantFrom(...operationNames), input: fc.nat({ max: states - 1 }) }), {
    minLength: 1,
    maxLength: states,
  });

/** A cell that concatenates states from `first` on. */
const cell = (first: number): fc.Arbitrary<CellGenotype> =>
  fc.integer({ min: 1, max: 5 }).chain((count) =>
    fc.record({
      nodes: fc.tuple(...Array.from({ length: count }, (_, node) => edges(node + 2))),
      concat: fc.array(fc.integer({ min: first, max: count + 1 }), { minLength: 1, maxLength: count + 2 }),
    }),
  );

/** A cell of NAS-Bench-201's kind: one input, and the last node as its output. */
const chainCell: fc.Arbitrary<CellGenotype> = fc.integer({ min: 1, max: 5 }).chain((count) =>
  fc.record({
    nodes: fc.tuple(...Array.from({ length: count }, (_, node) => edges(node + 1))),
    concat: fc.constant([count]),
  }),
);

const reductions: fc.Arbitrary<number[]> = fc.uniqueArray(
  fc.oneof(
    fc.nat({ max: 30 }),
    fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true }),
  ),
  { maxLength: 4 },
);

export const genotypes: fc.Arbitrary<Genotype> = fc.oneof(
  fc.record({ normal: cell(0), reduce: cell(2), reductions }, { requiredKeys: ['normal', 'reduce'] }),
  fc.record({ cell: chainCell, reductions }, { requiredKeys: ['cell'] }),
) as fc.Arbitrary<Genotype>;

/** A text cut off, or with a piece of it removed, doubled or replaced. */
export const damaged = (texts: fc.Arbitrary<string>, pieces: readonly string[]): fc.Arbitrary<string> =>
  texts.chain((text) => {
    const place = fc.nat({ max: text.length });
    const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 }));
    return fc.oneof(
      place.map((end) => text.slice(0, end)),
      fc.tuple(place, fc.nat({ max: 12 })).map(([at, count]) => text.slice(0, at) + text.slice(at + count)),
      fc.tuple(place, fc.nat({ max: 12 })).map(([at, count]) => text.slice(0, at + count) + text.slice(at)),
      fc
        .tuple(place, fc.nat({ max: 6 }), piece)
        .map(([at, count, inserted]) => text.slice(0, at) + inserted + text.slice(at + count)),
    );
  });

/** Passes where reading gives a sound genotype or an InputError, and nothing else. */
export function expectSoundOrRefused(read: () => Genotype): void {
  let genotype: Genotype;
  try {
    genotype = read();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return;
  }
  for (const [kind, { nodes, concat }] of cellsOf(genotype)) {
    const inputs = kind === 'cell' ? 1 : 2;
    expect(nodes.length).toBeGreaterThan(0);
    nodes.forEach((incoming, node) => {
      expect(incoming.length).toBeGreaterThan(0);
      for (const { operation, input } of incoming) {
        expect(operationNames).toContain(operation);
        expect(Number.isInteger(input) && input >= 0 && input < node + inputs).toBe(true);
      }
    });
    expect(concat.length).toBeGreaterThan(0);
    const first = kind === 'reduce' ? 2 : 0;
    for (const state of concat) {
      expect(Number.isInteger(state) && state >= first && state < nodes.length + inputs).toBe(true);
    }
  }
}
