/**
 * A graph written as a chain of segments: onnxruntime loads it several times as fast, and runs it in our order.
 *
 * For every result onnxruntime's memory planner looks through all buffers that are free by then (`FindReusableTensor` in
 * its `allocation_planner.cc`; its C API has no switch for it): with 27,000 nodes that is 18 million comparisons of half a
 * microsecond each. A subgraph has a planner of its own. So the nodes are cut, in their order, into runs of some hundred,
 * and each run is the branch of an If that is always taken, or where its graph is the one to be computed; it reads what it
 * needs from the graph around it, and yields what others read. onnxruntime must not optimise such a graph, or it dissolves
 * the branches again.
 *
 * - A Reshape names memory anew, but as the result of a subgraph it would be copied: it is made where it is read.
 * - The other branch yields values of a rank that no other has, so that the planner knows no shape of results and does not
 *   look for memory for them, which the allocator has at hand when they are computed. Written down are only the shapes that
 *   let a result take the place of an operand (`overwriting.ts`): a fifth off the time that a session takes to be made.
 * - Within a segment the nodes are listed so that they are run in the order that the passes gave them (`listed`).
 */

import { type Graph, graphNodes, type Node, producerOf, type Value } from '../ir.ts';
import { cutsOf } from './cuts.ts';
import { isView } from './views.ts';

export interface Segment {
  /** As the file lists them; what only renames memory may be in several segments. */
  readonly nodes: readonly Node[];
  /** What later segments or the graph's outputs read. */
  readonly results: readonly Value[];
}

/** The graph's nodes in segments of about `size`, views not counted. Every output must be the result of a node. */
export function segmentsOf(graph: Graph, size: number): readonly Segment[] {
  const computing = graphNodes(graph).filter((node) => !isView(node));
  const cuts = cutsOf(computing, size);
  const segments = [...cuts, computing.length].map(() => ({
    nodes: new Set<Node>(),
    results: new Set<Value>(),
  }));
  type Open = (typeof segments)[number];
  const homes = new Map<Node, Open>();
  /** Makes a value known in a segment. */
  const bring = (value: Value | null, segment: Open): void => {
    const node = producerOf(value);
    if (!value || !node || segment.nodes.has(node)) return;
    if (isView(node)) {
      for (const operand of node.inputs) bring(operand, segment);
      segment.nodes.add(node);
    } else homes.get(node)?.results.add(value);
  };
  let current = 0;
  computing.forEach((node, place) => {
    if (place === cuts[current]) current++;
    const segment = segments[current] as Open;
    for (const operand of node.inputs) bring(operand, segment);
    segment.nodes.add(node);
    homes.set(node, segment);
  });
  for (const { value } of graph.outputs) {
    const node = producerOf(value);
    const home = (node && homes.get(node)) ?? (segments.at(-1) as Open);
    bring(value, home);
    home.results.add(value);
  }
  return segments.map(({ nodes, results }) => ({ nodes: listed([...nodes]), results: [...results] }));
}

/** The place in ascending numbers where a number belongs. */
function placeFor(numbers: readonly number[], number: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The nodes as they are to be listed so that onnxruntime runs them nearly in the given order. It does not keep to a file's
 * order: it goes from the results back to what they need, and of the operands of a node it computes the one first whose
 * node is listed last (`GraphViewer`'s topological order). So of the nodes that could come next, the last one is listed.
 */
function listed(nodes: readonly Node[]): readonly Node[] {
  const places = new Map(nodes.map((node, place) => [node, place]));
  const readers: number[][] = nodes.map(() => []);
  const waiting = nodes.map(({ inputs }, place) => {
    const sources = new Set(inputs.map((value) => places.get(producerOf(value) as Node)));
    sources.delete(undefined);
    for (const source of sources) readers[source as number]?.push(place);
    return sources.size;
  });
  const ready = [...nodes.keys()].filter((place) => waiting[place] === 0);
  const list: Node[] = [];
  for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
    list.push(nodes[place] as Node);
    for (const reader of readers[place] as number[]) {
      waiting[reader] = (waiting[reader] as number) - 1;
      if (waiting[reader] === 0) ready.splice(placeFor(ready, reader), 0, reader);
    }
  }
  return list;
}
