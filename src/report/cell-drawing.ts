/**
 * A cell as a drawing: its inputs at the left, its nodes in layers, each with the operations on its incoming edges
 * in front of it, and the output at the right. What is `none` is not drawn.
 *
 * Colours come from the page that shows it, by the classes (`operation separable`, `wire`, …); without a style sheet
 * the drawing has colours of its own that are readable on light and dark.
 */
import type { CellGenotype, Edge } from '../search/genotype.ts';
import type { OperationName } from '../search/operation-names.ts';
import { type Box, type Link, type Placement, placeLayers } from './layered.ts';
import { element, escapeText, smoothPath } from './svg.ts';

export interface CellDrawingOptions {
  /** What the drawing is called, for those who cannot see it. */
  readonly title: string;
  /** In a reduction cell the operations on the cell's inputs have stride 2. */
  readonly reduction: boolean;
  /** What the cell's inputs are called; by default those of DARTS. */
  readonly inputs?: readonly string[];
  /** The number of the first node, 0 by default. */
  readonly firstNode?: number;
}

const pill = { width: 124, height: 24, gap: 8 } as const;
/** The radius of a node. */
const ring = 13;
/** A node with the operations in front of it. */
const nodeWidth = pill.width + 30 + 2 * ring;
const terminal = { width: 76, height: 30 } as const;
const gaps = { layers: 44, boxes: 24 } as const;
const margin = 8;
const neutral = '#7c8798';
const dartsInputs = ['cell k−2', 'cell k−1'] as const;

interface Family {
  readonly name: string;
  readonly colour: string;
}

const families = {
  separable: { name: 'separable', colour: '#3b82f6' },
  dilated: { name: 'dilated', colour: '#a855f7' },
  ordinary: { name: 'ordinary', colour: '#0d9488' },
  pool: { name: 'pool', colour: '#d97706' },
  skip: { name: 'skip', colour: '#64748b' },
} as const satisfies Record<string, Family>;

/** What an operation is called in the drawing, and the family that gives its colour. */
const operations: Readonly<Record<OperationName, { readonly label: string; readonly family: Family }>> = {
  none: { label: 'none', family: families.skip },
  max_pool_3x3: { label: 'max pool 3×3', family: families.pool },
  avg_pool_3x3: { label: 'avg pool 3×3', family: families.pool },
  skip_connect: { label: 'skip', family: families.skip },
  sep_conv_3x3: { label: 'sep conv 3×3', family: families.separable },
  sep_conv_5x5: { label: 'sep conv 5×5', family: families.separable },
  dil_conv_3x3: { label: 'dil conv 3×3', family: families.dilated },
  dil_conv_5x5: { label: 'dil conv 5×5', family: families.dilated },
  conv_3x3: { label: 'conv 3×3', family: families.ordinary },
  conv_5x5: { label: 'conv 5×5', family: families.ordinary },
  identity: { label: 'identity', family: families.skip },
  nor_conv_1x1: { label: 'conv 1×1', family: families.ordinary },
  nor_conv_3x3: { label: 'conv 3×3', family: families.ordinary },
  noise: { label: 'noise', family: families.skip },
};

/** The layer of each state: one more than that of the latest state that it is computed from. */
function layersOf({ nodes }: CellGenotype, inputs: number): number[] {
  const layers = Array<number>(inputs).fill(0);
  for (const edges of nodes) layers.push(1 + Math.max(0, ...edges.map((edge) => layers[edge.input] ?? 0)));
  return layers;
}

/** Where the pills of a node with this many edges are, relative to the node's middle. */
const ports = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * (pill.height + pill.gap));

const pillsHeight = (count: number): number =>
  Math.max(2 * ring, count * (pill.height + pill.gap) - pill.gap);

/** What is drawn as a line: an edge of a node, or the way of a state into the output. */
interface Wire extends Link {
  readonly edge?: Edge;
}

interface Arrangement {
  readonly wires: readonly Wire[];
  readonly placement: Placement;
  /** The layer of each box; the boxes are the states and, last, the output. */
  readonly layers: readonly number[];
}

function arrange(cell: CellGenotype, inputs: number): Arrangement {
  const states = layersOf(cell, inputs);
  const layers = [...states, Math.max(...states) + 1];
  const last = layers.length - 1;
  const boxes = layers.map((layer, i): Box => {
    const edges = cell.nodes[i - inputs];
    return { layer, height: edges ? pillsHeight(edges.length) : terminal.height };
  });
  const wires = [
    ...cell.nodes.flatMap((edges, node) =>
      ports(edges.length).map((port, i): Wire => {
        const edge = edges[i] as Edge;
        return { edge, from: edge.input, to: node + inputs, port };
      }),
    ),
    ...cell.concat.map((state): Wire => ({ from: state, to: last, port: 0 })),
  ];
  return { wires, layers, placement: placeLayers(boxes, wires, gaps.boxes) };
}

/** The cell with the edges of each node in the order in which they arrive, so that they do not cross at the end. */
function untangled(cell: CellGenotype, inputs: number): CellGenotype {
  const { wires, placement } = arrange(cell, inputs);
  const arrivals = new Map(
    wires.map(({ edge, from }, i) => [edge, placement.lanes[i]?.at(-1) ?? placement.y[from] ?? 0]),
  );
  const arrival = (edge: Edge): number => arrivals.get(edge) ?? 0;
  return { ...cell, nodes: cell.nodes.map((edges) => [...edges].sort((a, b) => arrival(a) - arrival(b))) };
}

/** An SVG document of a cell. */
export function drawCell(original: CellGenotype, options: CellDrawingOptions): string {
  const { inputs = dartsInputs, firstNode = 0 } = options;
  const present = original.nodes.map((edges) => edges.filter(({ operation }) => operation !== 'none'));
  const cell = untangled({ ...original, nodes: present }, inputs.length);
  const { wires, layers, placement } = arrange(cell, inputs.length);
  const last = layers.length - 1;
  const left = (layer: number): number =>
    margin + (layer === 0 ? 0 : terminal.width + gaps.layers + (layer - 1) * (nodeWidth + gaps.layers));
  const right = (layer: number): number => left(layer) + (layer === 0 ? terminal.width : nodeWidth);
  const height = (box: number): number => margin + (placement.y[box] ?? 0);
  const layer = (box: number): number => layers[box] ?? 0;

  const lines = wires.map(({ edge, from, to, port }, i) => {
    const between = (placement.lanes[i] ?? []).flatMap((y, at): [number, number][] => {
      const passed = layer(from) + 1 + at;
      return [
        [left(passed), margin + y],
        [right(passed), margin + y],
      ];
    });
    const path = smoothPath([
      [right(layer(from)), height(from)],
      ...between,
      [left(layer(to)), height(to) + port],
    ]);
    return line(edge ? 'wire' : 'wire concat', path);
  });

  const nodes = cell.nodes.map((edges, node) => {
    const [x, y] = [left(layer(node + inputs.length)), height(node + inputs.length)];
    const centre = x + nodeWidth - ring;
    return (
      ports(edges.length)
        .map((port, i) => {
          const edge = edges[i] as Edge;
          const start = x + pill.width;
          const joined = smoothPath([
            [start, y + port],
            [centre - ring, y],
          ]);
          const strided = options.reduction && edge.input < 2;
          return line('wire', joined) + drawOperation(edge.operation, strided, x, y + port);
        })
        .join('') + drawRing(String(node + firstNode), centre, y)
    );
  });

  const width = left(layer(last)) + terminal.width + margin;
  const total = placement.height + 2 * margin;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(total)}`,
      width: Math.ceil(width),
      height: Math.ceil(total),
      class: 'cell',
      role: 'img',
      'font-family': 'system-ui, sans-serif',
      'font-size': 12,
      'text-anchor': 'middle',
    },
    element('title', {}, escapeText(options.title)),
    element('desc', {}, escapeText(describe(cell, options))),
    ...lines,
    ...inputs.map((name, i) => drawTerminal(name, left(0), height(i))),
    ...nodes,
    drawTerminal(cell.concat.length > 1 ? 'concat' : 'output', left(layer(last)), height(last)),
  );
}

const line = (kind: string, d: string): string =>
  element('path', {
    class: kind,
    d,
    fill: 'none',
    stroke: neutral,
    'stroke-width': 1.5,
    'stroke-dasharray': kind === 'wire' ? undefined : '3 4',
  });

function drawOperation(operation: OperationName, strided: boolean, x: number, y: number): string {
  const { label, family } = operations[operation];
  const box = { x, y: y - pill.height / 2, width: pill.width, height: pill.height, rx: pill.height / 2 };
  return element(
    'g',
    { class: `operation ${family.name}` },
    element('title', {}, `${operation}${strided ? ', stride 2' : ''}`),
    element('rect', { ...box, fill: family.colour }),
    element('text', { x: x + pill.width / 2, y: y + 4, fill: '#fff' }, `${label}${strided ? ' ↓2' : ''}`),
  );
}

const drawRing = (label: string, x: number, y: number): string =>
  element(
    'g',
    { class: 'node' },
    element('title', {}, `node ${label}: the sum of its operations`),
    element('circle', { cx: x, cy: y, r: ring - 1, fill: 'none', stroke: neutral, 'stroke-width': 1.5 }),
    element('text', { x, y: y + 4, fill: neutral }, label),
  );

const drawTerminal = (label: string, x: number, y: number): string =>
  element(
    'g',
    { class: 'terminal' },
    element('rect', {
      x,
      y: y - terminal.height / 2,
      width: terminal.width,
      height: terminal.height,
      rx: 6,
      fill: 'none',
      stroke: neutral,
      'stroke-width': 1.5,
    }),
    element('text', { x: x + terminal.width / 2, y: y + 4, fill: neutral }, escapeText(label)),
  );

/** The drawing in words. */
function describe(
  cell: CellGenotype,
  { reduction, inputs = dartsInputs, firstNode = 0 }: CellDrawingOptions,
): string {
  const name = (state: number): string => inputs[state] ?? `node ${state - inputs.length + firstNode}`;
  const nodes = cell.nodes.map((edges, node) => {
    const terms = edges.map(({ operation, input }) => {
      const stride = reduction && input < 2 ? ' with stride 2' : '';
      return `${operations[operation].label}${stride} of ${name(input)}`;
    });
    return `Node ${node + firstNode} is ${terms.join(' plus ') || 'zero'}.`;
  });
  const verb = cell.concat.length > 1 ? 'concatenates' : 'is';
  return [...nodes, `The output ${verb} ${cell.concat.map(name).join(', ')}.`].join(' ');
}
