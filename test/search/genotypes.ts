/** Random genotypes, and texts that were genotypes before something happened to them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { InputError } from '../../src/errors.ts';
import type { CellGenotype, Edge, Genotype } from '../../src/search/genotype.ts';
import { operationNames } from '../../src/search/operation-names.ts';

/** The edges into node `node`, at least one. */
const edges = (node: number): fc.Arbitrary<Edge[]> =>
  fc.array(fc.record({ operation: fc.constantFrom(...operationNames), input: fc.nat({ max: node + 1 }) }), {
    minLength: 1,
    maxLength: node + 2,
  });

/** A cell that concatenates states from `first` on. */
const cell = (first: number): fc.Arbitrary<CellGenotype> =>
  fc.integer({ min: 1, max: 5 }).chain((count) =>
    fc.record({
      nodes: fc.tuple(...Array.from({ length: count }, (_, node) => edges(node))),
      concat: fc.array(fc.integer({ min: first, max: count + 1 }), { minLength: 1, maxLength: count + 2 }),
    }),
  );

export const genotypes: fc.Arbitrary<Genotype> = fc.record({ normal: cell(0), reduce: cell(2) });

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
  for (const kind of ['normal', 'reduce'] as const) {
    const { nodes, concat } = genotype[kind];
    expect(nodes.length).toBeGreaterThan(0);
    nodes.forEach((incoming, node) => {
      expect(incoming.length).toBeGreaterThan(0);
      for (const { operation, input } of incoming) {
        expect(operationNames).toContain(operation);
        expect(Number.isInteger(input) && input >= 0 && input < node + 2).toBe(true);
      }
    });
    expect(concat.length).toBeGreaterThan(0);
    const first = kind === 'reduce' ? 2 : 0;
    for (const state of concat) {
      expect(Number.isInteger(state) && state >= first && state < nodes.length + 2).toBe(true);
    }
  }
}
