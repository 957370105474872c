import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCell } from '../../src/report/cell-drawing.ts';
import { drawGenotype } from '../../src/report/genotype-drawings.ts';
import { type CellGenotype, dartsGenotype, formatGenotype } from '../../src/search/genotype.ts';
import { loadGenotype, publishedNames } from '../../src/search/genotype-file.ts';
import { operationNames } from '../../src/search/operation-names.ts';

/** Cells of one to seven nodes, each with one to four edges from earlier states. */
const cells: fc.Arbitrary<CellGenotype> = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.record({
    nodes: fc.tuple(
      ...Array.from({ length: count }, (_, i) =>
        fc.array(fc.record({ operation: fc.constantFrom(...operationNames), input: fc.nat(i + 1) }), {
          minLength: 1,
          maxLength: 4,
        }),
      ),
    ),
    concat: fc.uniqueArray(fc.integer({ min: 0, max: count + 1 }), { minLength: 1 }),
  }),
);

const numbersOf = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map((found) => found.slice(1).map(Number));

const rectangles = (svg: string): number[][] =>
  numbersOf(svg, /<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.-]+)" height="([\d.-]+)"/g);

const overlaps = (
  [ax = 0, ay = 0, aw = 0, ah = 0]: number[],
  [bx = 0, by = 0, bw = 0, bh = 0]: number[],
): boolean => ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;

describe('drawCell', () => {
  it('draws every operation, node and input once, apart from one another and within the picture', () => {
    fc.assert(
      fc.property(cells, fc.boolean(), (cell, reduction) => {
        const svg = drawCell(cell, { title: 'a cell', reduction });
        const boxes = rectangles(svg);
        const edges = cell.nodes.flat().filter(({ operation }) => operation !== 'none').length;
        expect(boxes).toHaveLength(edges + 3);
        expect(svg.match(/class="node"/g)).toHaveLength(cell.nodes.length);
        // One wire into and one out of every operation, one for every concatenated state.
        expect(svg.match(/class="wire"/g) ?? []).toHaveLength(2 * edges);
        expect(svg.match(/class="wire concat"/g)).toHaveLength(cell.concat.length);
        boxes.forEach((box, i) => {
          for (const other of boxes.slice(i + 1)) expect(overlaps(box, other)).toBe(false);
        });
        const [[width = 0, height = 0] = []] = numbersOf(svg, /viewBox="0 0 (\d+) (\d+)"/g);
        for (const [x = 0, y = 0, w = 0, h = 0] of boxes) {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
          expect(x + w).toBeLessThanOrEqual(width);
          expect(y + h).toBeLessThanOrEqual(height);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('draws the edges of a node in the order of their inputs', () => {
    const chain: CellGenotype = {
      nodes: [
        [
          { operation: 'conv_3x3', input: 1 },
          { operation: 'skip_connect', input: 0 },
        ],
      ],
      concat: [2],
    };
    const svg = drawCell(chain, { title: 'a cell', reduction: false });
    // The edge of the upper input is drawn first although the genotype names it second.
    expect(svg.indexOf('>skip<')).toBeLessThan(svg.indexOf('>conv 3×3<'));
  });

  it('says in words what it shows', () => {
    const { reduce } = dartsGenotype(loadGenotype('darts_v2'));
    const svg = drawCell(reduce, { title: 'reduction <&> cell', reduction: true });
    expect(svg).toContain('<title>reduction &lt;&amp;&gt; cell</title>');
    expect(svg).toContain('Node 0 is max pool 3×3 with stride 2 of cell k−2 plus');
    expect(svg).toContain('The output concatenates node 0, node 1, node 2, node 3.');
  });
});

describe('drawGenotype', () => {
  it.each(publishedNames())('draws %s, the same picture every time', (name) => {
    const text = formatGenotype(loadGenotype(name));
    const { normal, reduce } = drawGenotype(text);
    expect(normal).toMatch(/^<svg xmlns.*<\/svg>$/s);
    expect(drawGenotype(text)).toEqual({ normal, reduce });
  });

  it('draws the one cell of a chain, of its one input, without what is none', () => {
    const drawings = drawGenotype('|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|');
    expect(Object.keys(drawings)).toEqual(['cell']);
    const { cell = '' } = drawings;
    expect(cell.match(/class="operation/g)).toHaveLength(3);
    expect(cell).not.toContain('>none<');
    expect(cell).toContain(
      'Node 1 is conv 3×3 of input. Node 2 is skip of node 1. Node 3 is avg pool 3×3 of node 2.',
    );
    expect(cell).toContain('The output is node 3.');
  });

  it('refuses what is no genotype', () => {
    expect(() => drawGenotype('none')).toThrow(/genotype/);
  });
});
