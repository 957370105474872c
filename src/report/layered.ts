/**
 * Layered drawings of directed acyclic graphs, from left to right (Sugiyama, Tagawa and Toda, 1981): links that span
 * several layers are routed through lanes of their own, each layer but the first is ordered for few crossings, then
 * placed.
 */

export interface Box {
  /** The column, from 0. */
  readonly layer: number;
  readonly height: number;
}

/** A link from one box's middle to a port of another, `port` pixels below the middle. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly port: number;
}

export interface Placement {
  /** The middle of each box, from 0 at the top. */
  readonly y: readonly number[];
  /** For each link the heights at which it passes the layers between its ends. */
  readonly lanes: readonly (readonly number[])[];
  readonly height: number;
}

interface Item {
  readonly layer: number;
  readonly height: number;
  y: number;
}

/** A piece of a link: from one layer to the next. */
interface Piece {
  readonly from: Item;
  readonly to: Item;
  readonly port: number;
}

const laneHeight = 10;
const sweeps = 12;

/** @param gap pixels between neighbours in a layer */
export function placeLayers(boxes: readonly Box[], links: readonly Link[], gap: number): Placement {
  const items: Item[] = boxes.map(({ layer, height }) => ({ layer, height, y: 0 }));
  const pieces: Piece[] = [];
  const lanes = links.map(({ from, to, port }) => {
    const [start, end] = [itemAt(items, from), itemAt(items, to)];
    const between = Array.from(
      { length: Math.max(end.layer - start.layer - 1, 0) },
      (_, i): Item => ({ layer: start.layer + 1 + i, height: laneHeight, y: 0 }),
    );
    [...between, end].reduce((previous, next) => {
      pieces.push({ from: previous, to: next, port: next === end ? port : 0 });
      return next;
    }, start);
    return between;
  });

  const layers = layersOf([...items, ...lanes.flat()]);
  const byBarycenter = orderLayers(layers, pieces);
  settle(byBarycenter, pieces, gap);

  const all = byBarycenter.flat();
  const top = Math.min(...all.map(({ y, height }) => y - height / 2));
  const bottom = Math.max(...all.map(({ y, height }) => y + height / 2));
  return {
    y: items.map(({ y }) => y - top),
    lanes: lanes.map((lane) => lane.map(({ y }) => y - top)),
    height: bottom - top,
  };
}

function itemAt(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (!item) throw new RangeError(`a link names box ${index}; there are ${items.length}`);
  return item;
}

function layersOf(items: readonly Item[]): Item[][] {
  const layers: Item[][] = Array.from({ length: Math.max(...items.map(({ layer }) => layer)) + 1 }, () => []);
  for (const item of items) layers[item.layer]?.push(item);
  return layers;
}

const mean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;

/** Where an item's neighbours in the layer before (or after) would like it to be. */
const pulls = (item: Item, pieces: readonly Piece[], side: 'before' | 'after'): number[] =>
  pieces.flatMap(({ from, to, port }) => {
    if (side === 'before' && to === item) return [from.y - port];
    return side === 'after' && from === item ? [to.y + port] : [];
  });

/** The orders with the fewest crossings that sweeps to and fro by barycenters come by. */
function orderLayers(layers: readonly (readonly Item[])[], pieces: readonly Piece[]): Item[][] {
  let current = layers.map((layer) => [...layer]);
  const rank = (layer: readonly Item[]): void => {
    layer.forEach((item, i) => {
      item.y = i - (layer.length - 1) / 2;
    });
  };
  current.forEach(rank);
  let best = current;
  let fewest = crossings(pieces);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const side = sweep % 2 === 0 ? 'before' : 'after';
    for (let i = 1; i < current.length; i++) {
      const at = side === 'before' ? i : current.length - i;
      const wishes = new Map(
        current[at]?.map((item) => [item, mean(pulls(item, onRanks(pieces), side)) ?? item.y]),
      );
      const order = [...wishes.keys()].sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
      rank(order);
      current = current.map((layer, index) => (index === at ? order : layer));
    }
    const count = crossings(pieces);
    if (count < fewest) [best, fewest] = [current, count];
  }
  return best;
}

/** Ranks are counted, not measured: a port shifts its link by less than a place. */
const onRanks = (pieces: readonly Piece[]): Piece[] =>
  pieces.map(({ from, to, port }) => ({ from, to, port: Math.sign(port) / 4 }));

function crossings(pieces: readonly Piece[]): number {
  const ends = onRanks(pieces).map(({ from, to, port }) => ({
    layer: from.layer,
    from: from.y,
    to: to.y + port,
  }));
  let count = 0;
  ends.forEach((a, i) => {
    for (const b of ends.slice(i + 1)) {
      if (a.layer === b.layer && (a.from - b.from) * (a.to - b.to) < 0) count++;
    }
  });
  return count;
}

/** Moves the items to where their neighbours pull them, as far as the order and the gaps allow. */
function settle(layers: readonly (readonly Item[])[], pieces: readonly Piece[], gap: number): void {
  for (const layer of layers) spread(layer, new Map(), gap);
  for (let round = 0; round < sweeps; round++) {
    for (const layer of round % 2 === 0 ? layers : [...layers].reverse()) {
      const wishes = new Map(
        layer.map((item) => [
          item,
          mean([...pulls(item, pieces, 'before'), ...pulls(item, pieces, 'after')]) ?? item.y,
        ]),
      );
      spread(layer, wishes, gap);
    }
  }
}

/** The positions nearest to the wishes (least squares) that keep order and gaps: pooled adjacent violators. */
function spread(layer: readonly Item[], wishes: ReadonlyMap<Item, number>, gap: number): void {
  const offsets: number[] = [];
  layer.forEach((item, i) => {
    const above = layer[i - 1];
    offsets.push(above ? (offsets[i - 1] ?? 0) + (above.height + item.height) / 2 + gap : 0);
  });
  const blocks: { sum: number; count: number }[] = [];
  layer.forEach((item, i) => {
    let block = { sum: (wishes.get(item) ?? 0) - (offsets[i] ?? 0), count: 1 };
    for (;;) {
      const previous = blocks.at(-1);
      if (!previous || previous.sum / previous.count <= block.sum / block.count) break;
      blocks.pop();
      block = { sum: previous.sum + block.sum, count: previous.count + block.count };
    }
    blocks.push(block);
  });
  let index = 0;
  for (const { sum, count } of blocks) {
    for (let i = 0; i < count; i++, index++) {
      const item = layer[index];
      if (item) item.y = sum / count + (offsets[index] ?? 0);
    }
  }
}
