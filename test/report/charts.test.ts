/** The pieces of a report that are drawn: lines, weights, candidates. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SearchReport } from '../../src/report/data.ts';
import { heatMaps } from '../../src/report/heat-map.ts';
import { drawLines, type LineChart } from '../../src/report/line-chart.ts';
import { drawSelection, selectionTable } from '../../src/report/selection.ts';

const chart = (changes: Partial<LineChart> = {}): LineChart => ({
  title: 'loss',
  lines: [
    {
      name: 'training',
      points: [
        [1, 2],
        [2, 1],
        [3, 0.5],
      ],
    },
  ],
  epochs: 3,
  format: String,
  ...changes,
});

const numbers = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map((found) => found.slice(1).map(Number));

describe('drawLines', () => {
  it('puts points in proportion to their values, within the picture', () => {
    const value = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 30 }), (values) => {
        const points = values.map((y, i): [number, number] => [i + 1, y]);
        const svg = drawLines(chart({ lines: [{ name: 'x', points }], epochs: values.length }));
        const marks = numbers(svg, /<circle[^>]* cx="([\d.-]+)" cy="([\d.-]+)"/g);
        expect(marks).toHaveLength(values.length);
        const [[, , width = 0, height = 0] = []] = numbers(svg, /viewBox="(\d+) (\d+) (\d+) (\d+)"/g);
        marks.forEach(([x = 0, y = 0], i) => {
          expect(x).toBeGreaterThan(i > 0 ? (marks[i - 1]?.[0] ?? 0) : 0);
          expect(x).toBeLessThan(width);
          expect(y).toBeGreaterThan(0);
          expect(y).toBeLessThan(height);
        });
        const [low, high] = [Math.min(...values), Math.max(...values)];
        const [top, bottom] = [
          Math.min(...marks.map(([, y = 0]) => y)),
          Math.max(...marks.map(([, y = 0]) => y)),
        ];
        if (high - low > 1e-3) {
          values.forEach((y, i) => {
            const expected = bottom - ((y - low) / (high - low)) * (bottom - top);
            expect(Math.abs((marks[i]?.[1] ?? 0) - expected)).toBeLessThan(0.2);
          });
        }
      }),
    );
  });

  it('says what it shows, in words and to who points at it', () => {
    const svg = drawLines(chart({ title: '<loss>' }));
    expect(svg).toContain('aria-label="&lt;loss&gt;: training from 2 in epoch 1 to 0.5 in epoch 3"');
    expect(svg).toContain('<title>epoch 2\ntraining 1</title>');
  });

  it('marks whole numbers only where there are no others', () => {
    const lines = [
      {
        name: 'skips',
        points: [
          [1, 0],
          [2, 1],
        ] as const,
      },
    ];
    const ticks = (whole: boolean): string[] =>
      [
        ...drawLines(chart({ lines, epochs: 2, whole })).matchAll(
          /class="tick"[^>]*text-anchor="end">([^<]+)</g,
        ),
      ].map(([, text = '']) => text);
    expect(ticks(true)).toEqual(['0', '1']);
    expect(ticks(false).length).toBeGreaterThan(2);
  });
});

const search = (changes: Partial<SearchReport> = {}): SearchReport => ({
  seed: 2,
  run: 'runs/x',
  candidates: {
    kinds: ['normal'],
    edges: [
      { from: 'k−2', to: '0' },
      { from: '<script>', to: '0' },
    ],
    operations: ['skip_connect', 'sep_conv_3x3', 'own_operation'],
  },
  epochs: [
    { epoch: 0, seconds: 1, strengths: [0.2, 0.3, 0.5, 0.6, null, 0.4] },
    {
      epoch: 1,
      seconds: 1,
      strengths: [0.1, 0.2, 0.7, 0.75, null, 0.25],
      edgeStrengths: [0.9, 0.1],
      chosen: [{ kind: 0, edge: 1, operation: 0 }],
    },
  ],
  decisions: [],
  planned: 2,
  finished: true,
  ...changes,
});

describe('heatMaps', () => {
  const html = heatMaps(search());
  const cells = (kind: string): (string | undefined)[] =>
    [...html.matchAll(/<td class="([^"]*)">([^<]*)</g)]
      .filter(([, c]) => c?.includes(kind))
      .map(([, , text]) => text);

  it('shows the last epoch, an edge a row, with a gap where an edge lacks a candidate', () => {
    expect(cells('weight')).toEqual(['0.10', '0.20', '0.70', '0.75', '0.25']);
    expect(cells('absent')).toEqual(['']);
    expect(cells('edge')).toEqual(['0.90', '0.10']);
    expect(cells('chosen')).toEqual(['0.75']);
    expect(html.match(/<th scope="col">([^<]*)</g)).toHaveLength(4);
    expect(html).toContain('own_operation');
  });

  it('keeps all epochs for the slider, and in strips', () => {
    const [, json = ''] = /<script type="application\/json">(.*?)<\/script>/.exec(html) ?? [];
    expect(JSON.parse(json)).toEqual({
      strongest: { weight: 0.75, edge: 0.9 },
      levels: 21,
      epochs: [
        { epoch: 1, strengths: [0.2, 0.3, 0.5, 0.6, null, 0.4], chosen: [] },
        { epoch: 2, strengths: [0.1, 0.2, 0.7, 0.75, null, 0.25], edges: [0.9, 0.1], chosen: [3] },
      ],
    });
    expect(html.match(/class="strip"/g)).toHaveLength(2);
    expect(html).toContain('strongest at first own_operation 0.50, at last own_operation 0.70');
  });

  it('covers each epoch of each candidate in a strip exactly once', () => {
    const [, strip = ''] = /<svg class="strip"[^>]*>(.*?)<\/svg>/.exec(html) ?? [];
    const covered = numbers(strip, /M(\d+) (\d+)h(\d+)/g).flatMap(([x = 0, y = 0, length = 0]) =>
      Array.from({ length }, (_, i) => `${y} ${x + i}`),
    );
    expect(covered.sort()).toEqual(['15 0', '15 1', '25 0', '25 1', '5 0', '5 1']);
  });

  it('escapes names, and says why there is nothing to see', () => {
    expect(html).not.toContain('<script>→');
    expect(html).toContain('&lt;script&gt; → 0');
    expect(heatMaps(search({ epochs: [] }))).toContain('The search has no epochs');
    expect(heatMaps(search({ epochs: [{ epoch: 0, seconds: 1 }] }))).toContain('no weights that can be read');
  });

  it('has nothing to move where there is one epoch', () => {
    const single = heatMaps(search({ epochs: search().epochs.slice(1) }));
    expect(single).not.toContain('type="range"');
    expect(single).not.toContain('class="strip"');
  });
});

describe('the candidates of a selection', () => {
  const candidates = [
    { seeds: [2, 4], genotype: 'a', accuracies: [0.8, 0.9], selected: true },
    { seeds: [3], genotype: 'b', accuracies: [0.7], selected: false },
    { seeds: [5], genotype: 'c', accuracies: [], selected: false },
  ];

  it('are drawn with a dot for each retraining', () => {
    const svg = drawSelection(candidates);
    expect(svg.match(/class="dot"/g)).toHaveLength(3);
    expect(svg.match(/class="mean"/g)).toHaveLength(2);
    expect(svg).toContain('<title>seeds 2, 4: 80.00 %, 90.00 %</title>');
  });

  it('are listed with mean and deviation', () => {
    expect(selectionTable(candidates).rows.map((row) => row.slice(0, 2))).toEqual([
      ['seeds 2, 4', '85.00 ± 7.07 %'],
      ['seed 3', '70.00 %'],
      ['seed 5', '—'],
    ]);
  });
});
