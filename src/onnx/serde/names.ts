/** Names in a file: readable, unique, and the same each time. */

import { type Graph, graphNodes, type Node, type Value } from '../ir.ts';

export interface Names {
  readonly nodes: ReadonlyMap<Node, string>;
  readonly values: ReadonlyMap<Value, string>;
  /** The constants that nodes read, in the order in which they are first read. */
  readonly constants: readonly Value[];
}

/** Some runtimes use names in paths and in generated code. */
const plainCharacters = (name: string): string => name.replaceAll(/[^A-Za-z0-9_/.-]/g, '_');

/** Makes names unique with the suffixes _1, _2, … */
function uniqueNames(reserved: Iterable<string>): (wanted: string) => string {
  const taken = new Set(reserved);
  const counts = new Map<string, number>();
  return (wanted) => {
    const base = plainCharacters(wanted);
    let count = counts.get(base) ?? 0;
    let name = count === 0 ? base : `${base}_${count}`;
    while (taken.has(name)) name = `${base}_${++count}`;
    counts.set(base, count + 1);
    taken.add(name);
    return name;
  };
}

/** What an unnamed constant is called by the operator that reads it, by input; otherwise `constant`. */
const roles: Readonly<Record<string, readonly (string | undefined)[]>> = {
  Conv: [undefined, 'weight', 'bias'],
  ConvTranspose: [undefined, 'weight', 'bias'],
  Gemm: [undefined, 'weight', 'bias'],
  MatMul: [undefined, 'weight'],
  BatchNormalization: [undefined, 'scale', 'bias', 'mean', 'variance'],
  Reshape: [undefined, 'shape'],
  Expand: [undefined, 'shape'],
  Slice: [undefined, 'starts', 'ends', 'axes', 'steps'],
  Pad: [undefined, 'pads', 'fill'],
  ReduceSum: [undefined, 'axes'],
};

/** `<scope>/<operator>` (made unique), or `<operator>_<n>` for a node without scope. */
function nodeNames(nodes: readonly Node[], prefix: string): Map<Node, string> {
  const unique = uniqueNames([]);
  const counts = new Map<string, number>();
  return new Map(
    nodes.map((node) => {
      if (node.scope !== '') return [node, unique(`${prefix}${node.scope}/${node.op}`)];
      const count = counts.get(node.op) ?? 0;
      counts.set(node.op, count + 1);
      return [node, unique(`${prefix}${node.op}_${count}`)];
    }),
  );
}

/** How values are called that have no name of their own: after their nodes, or in files that are only run, by numbers. */
export type ValueNaming = 'described' | 'numbered';

/**
 * Names for everything in a graph each of whose outputs is a node's and listed once. Inputs and outputs of the
 * graph keep their names; other values are `<node>_output_<index>`; constants are
 * `<first node that reads them>/<role>`: unless they are numbered. Of one of several graphs all names begin with a prefix.
 */
export function nameGraph(graph: Graph, naming: ValueNaming, prefix = ''): Names {
  const inputs = graph.inputs.map(({ source }) => prefix + (source.kind === 'input' ? source.name : ''));
  return nameAll(graph, inputs, naming, prefix);
}

/** Gives a value that has no name one that nothing else has; only what is described asks for the description. */
type Naming = (describe: () => string) => string;

/** `#0`, `#1`, … */
function numbers(prefix: string, reserved: ReadonlySet<string>): Naming {
  let count = 0;
  const next = (): string => {
    const name = `${prefix}#${count++}`;
    return reserved.has(name) ? next() : name;
  };
  return next;
}

function descriptions(reserved: ReadonlySet<string>): Naming {
  const unique = uniqueNames(reserved);
  return (describe) => unique(describe());
}

/**
 * Names for a graph or a branch: all begin with the prefix but those of its inputs, which are given in their order; of a
 * branch these are what it reads from outside.
 */
export function nameAll(graph: Graph, inputs: readonly string[], naming: ValueNaming, prefix: string): Names {
  const values = new Map<Value, string>();
  graph.inputs.forEach((value, index) => {
    values.set(value, inputs[index] ?? '');
  });
  for (const { name, value } of graph.outputs) values.set(value, prefix + name);

  const all = graphNodes(graph);
  const nodes = nodeNames(all, prefix);
  const reserved = new Set(values.values());
  const nameFor = naming === 'numbered' ? numbers(prefix, reserved) : descriptions(reserved);
  const constants: Value[] = [];
  for (const node of all) {
    const nodeName = nodes.get(node) ?? node.op;
    node.inputs.forEach((value, index) => {
      if (value?.source.kind !== 'constant' || values.has(value)) return;
      const role = roles[node.op]?.[index] ?? 'constant';
      const name = nameFor(() => `${nodeName}/${role}`);
      values.set(value, name);
      constants.push(value);
    });
    for (const value of node.outputs) {
      const index = value.source.kind === 'node' ? value.source.index : 0;
      if (values.has(value)) continue;
      const name = nameFor(() => `${nodeName}_output_${index}`);
      values.set(value, name);
    }
  }
  return { nodes, values, constants };
}
