/**
 * The architecture weights: for each kind of cell a table of edges × operations at one epoch, which a slider moves
 * through time where there is a script, and strips that show all epochs at once.
 */
import type { Candidates, SearchEpoch, SearchReport } from './data.ts';
import { hint, scrolling } from './html.ts';
import { labelOf } from './operation-labels.ts';
import { levelOf, levels } from './palette.ts';
import { element, escapeText } from './svg.ts';

/** The epochs that have strengths. */
type Weighted = SearchEpoch & Required<Pick<SearchEpoch, 'strengths'>>;

const weighted = (epochs: readonly SearchEpoch[]): Weighted[] =>
  epochs.filter((epoch): epoch is Weighted => epoch.strengths !== undefined);

/** What a cell of a table is the strength of: a candidate, or an edge among those of its node. */
type CellSort = 'weight' | 'edge';

/** What the slider shows: a film of all epochs, its strengths as the table shows them. */
interface Film {
  /** The strongest of all epochs, which has the full colour: of the candidates, and of the edges. */
  readonly strongest: Readonly<Record<CellSort, number>>;
  readonly levels: number;
  readonly epochs: readonly {
    readonly epoch: number;
    readonly strengths: readonly (number | null)[];
    readonly edges?: readonly number[];
    /** Indices into `strengths`. */
    readonly chosen: readonly number[];
  }[];
}

/** Once and no more: what is rounded to four digits and then to two need not be the nearest. */
const rounded = (value: number): number => Number(shown(value));

const largest = (values: readonly (number | null)[]): number =>
  values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);

function filmOf(epochs: readonly Weighted[], candidates: Candidates): Film {
  const frames = epochs.map(({ epoch, strengths, edgeStrengths, chosen = [] }) => ({
    epoch: epoch + 1,
    strengths: strengths.map((value) => (value === null ? null : rounded(value))),
    ...(edgeStrengths && { edges: edgeStrengths.map(rounded) }),
    chosen: chosen.map((choice) => indexOf(choice, candidates)),
  }));
  const strongest = {
    weight: largest(epochs.flatMap(({ strengths }) => strengths)),
    edge: largest(epochs.flatMap(({ edgeStrengths = [] }) => edgeStrengths)),
  };
  return { strongest, levels, epochs: frames };
}

const indexOf = (
  { kind, edge, operation }: { kind: number; edge: number; operation: number },
  { edges, operations }: Candidates,
): number => (kind * edges.length + edge) * operations.length + operation;

/** A strength as the tables show it. */
const shown = (strength: number): string => strength.toFixed(2);

/** HTML of a search's weights; why there are none where it has none. */
export function heatMaps({ candidates, epochs, seed }: SearchReport): string {
  const records = weighted(epochs);
  const last = records.at(-1);
  if (!candidates || !last) {
    const reason =
      epochs.length === 0 ? 'The search has no epochs' : 'The search kept no weights that can be read';
    return hint(`${reason}: there is nothing to show.`);
  }
  const film = filmOf(records, candidates);
  const id = `weights-${seed}`;
  return element(
    'div',
    { class: 'weights' },
    slider(id, records),
    element('div', { class: 'pair' }, ...candidates.kinds.map((kind, i) => table(kind, i, candidates, film))),
    legend(film.strongest.weight),
    `<script type="application/json">${JSON.stringify(film)}</script>`,
    ...(records.length > 1 ? [strips(candidates, records, film.strongest.weight)] : []),
  );
}

function slider(id: string, records: readonly Weighted[]): string {
  if (records.length < 2) return '';
  const last = records.length;
  const epochOf = (index: number): number => (records[index]?.epoch ?? index) + 1;
  return element(
    'div',
    // Without a script the tables show the last epoch, and there is nothing to move.
    { class: 'slider', hidden: '' },
    element('label', { for: id }, 'Epoch'),
    `<input type="range" id="${id}" min="1" max="${last}" step="1" value="${last}" aria-valuetext="epoch ${epochOf(last - 1)}">`,
    element('output', { for: id }, String(epochOf(last - 1))),
  );
}

function table(kind: string, kindIndex: number, candidates: Candidates, film: Film): string {
  const { edges, operations } = candidates;
  const last = film.epochs.at(-1);
  const chosen = new Set(last?.chosen);
  const cell = (value: number | null | undefined, isChosen: boolean, sort: CellSort): string => {
    // An edge need not have all candidates.
    if (typeof value !== 'number') return element('td', { class: 'absent' });
    const classes = [sort, ...(isChosen ? ['chosen'] : []), `h${levelOf(value, film.strongest[sort])}`];
    return element('td', { class: classes.join(' ') }, shown(value));
  };
  const rowOf = (edge: number): string => {
    const { from, to } = edges[edge] ?? { from: '', to: '' };
    const first = (kindIndex * edges.length + edge) * operations.length;
    const edgeStrength = last?.edges?.[kindIndex * edges.length + edge];
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, `${escapeText(from)} → ${escapeText(to)}`),
      ...operations.map((_, i) => cell(last?.strengths[first + i], chosen.has(first + i), 'weight')),
      edgeStrength === undefined ? '' : cell(edgeStrength, false, 'edge'),
    );
  };
  const nodes = [...new Set(edges.map(({ to }) => to))];
  const bodies = nodes.map((node) =>
    element('tbody', {}, ...edges.flatMap(({ to }, edge) => (to === node ? [rowOf(edge)] : []))),
  );
  const heads = [...operations.map((name) => unbroken(labelOf(name))), ...(last?.edges ? ['edge'] : [])];
  return scrolling(
    `Weights: ${kind}`,
    element(
      'table',
      { class: 'heat' },
      element('caption', {}, escapeText(kind)),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          '<td></td>',
          ...heads.map((head) => element('th', { scope: 'col' }, escapeText(head))),
        ),
      ),
      ...bodies,
    ),
  );
}

/** A label that breaks before its last word only: `sep conv` over `3×3`. */
const unbroken = (label: string): string => label.replace(/ (?=.* )/g, '\u00a0');

/** The scale of the colours, from nothing to the strongest. */
const legend = (strongest: number): string =>
  element(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    element('span', {}, '0'),
    element(
      'span',
      { class: 'ramp' },
      ...Array.from({ length: levels }, (_, level) => element('i', { class: `h${level}` })),
    ),
    element('span', {}, shown(strongest)),
    element('span', { class: 'ring' }, ''),
    element('span', {}, 'in the genotype of this epoch'),
  );

/** How high a row and how wide an epoch of a strip is, in its own units. */
const row = 10;

/** For each edge a strip: its operations from top to bottom, its epochs from left to right. */
function strips(
  { kinds, edges, operations }: Candidates,
  records: readonly Weighted[],
  strongest: number,
): string {
  const strip = (kind: number, edge: number): string => {
    const { from, to } = edges[edge] ?? { from: '', to: '' };
    const first = (kind * edges.length + edge) * operations.length;
    // One path for each level: an epoch of the same level as the one before lengthens its stroke.
    const paths = new Map<number, string>();
    operations.forEach((_, i) => {
      let run = { level: -1, begin: 0 };
      const close = (end: number): void => {
        if (run.level < 0) return;
        paths.set(
          run.level,
          `${paths.get(run.level) ?? ''}M${run.begin} ${row * i + row / 2}h${end - run.begin}`,
        );
      };
      records.forEach(({ strengths }, at) => {
        const strength = strengths[first + i];
        const level = typeof strength === 'number' ? levelOf(strength, strongest) : -1;
        if (level === run.level) return;
        close(at);
        run = { level, begin: at };
      });
      close(records.length);
    });
    const name = `${from} → ${to}`;
    return element(
      'figure',
      {},
      element('figcaption', {}, escapeText(name)),
      element(
        'svg',
        {
          class: 'strip',
          viewBox: `0 0 ${records.length} ${row * operations.length}`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': `${name}: ${stripInWords(records, first, operations)}`,
        },
        ...[...paths].map(([level, d]) => element('path', { class: `h${level}`, d, 'stroke-width': row })),
      ),
    );
  };
  return element(
    'div',
    { class: 'strips' },
    hint(
      `All epochs at once: for each edge the epochs from left to right; from the top ${operations.map(labelOf).join(', ')}.`,
    ),
    ...kinds.map((kind, i) =>
      element(
        'div',
        {},
        kinds.length > 1 ? element('h3', {}, escapeText(kind)) : '',
        element('div', { class: 'tiles' }, ...edges.map((_, edge) => strip(i, edge))),
      ),
    ),
  );
}

/** Which operation is the strongest at the beginning and at the end. */
function stripInWords(records: readonly Weighted[], first: number, operations: readonly string[]): string {
  const strongest = ({ strengths }: Weighted): string => {
    const own = operations.map((_, i) => strengths[first + i] ?? 0);
    const best = own.indexOf(Math.max(...own));
    return `${labelOf(operations[best] ?? '')} ${shown(own[best] ?? 0)}`;
  };
  const [begin, end] = [records[0], records.at(-1)];
  return begin && end ? `strongest at first ${strongest(begin)}, at last ${strongest(end)}` : '';
}
