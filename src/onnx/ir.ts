/**
 * The graph representation: what ONNX can say, without protobuf and without tfjs.
 *
 * Values point to the nodes that produce them and nodes to the values that they read, so a graph is just its
 * inputs and its outputs: what no output needs is not in the graph. Nodes are numbered as they are created,
 * and since a node can only read values that exist already, this order is a topological one.
 */

import { remembered } from '../remembered.ts';

export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

/** A known size, or the name of a size that is known only when the model runs (the batch). */
export type Dimension = number | string;

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: readonly Dimension[];
}

/** The elements of a constant, row-major; one byte an element for `bool`, raw bits for `float16`. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/**
 * An attribute of a node. A bare number is an ONNX INT and a bare array INTS; floats are wrapped, since
 * JavaScript cannot tell 1 from 1.0.
 */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: Graph };

export type Attributes = Readonly<Record<string, Attribute>>;

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: TensorData; readonly name?: string | undefined }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

/** A tensor in the graph, assigned exactly once. */
export interface Value {
  readonly type: TensorType;
  readonly source: Source;
}

export interface Node {
  /** Creation order; a node reads only values of nodes with smaller numbers. */
  readonly id: number;
  readonly op: string;
  /** '' is the standard ONNX domain. */
  readonly domain: string;
  /** `null` stands for an omitted optional input. */
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** Where in the program the node was recorded, e.g. `cell0/node2/sep_conv_3x3`; names in the file derive from it. */
  readonly scope: string;
}

/**
 * The graphs that a node may run (the branches of an If). What a branch reads from outside are inputs of its node, too,
 * behind the node's own, and the branch has an input for each, so that nobody has to look inside to know what is read.
 */
export const bodiesOf = ({ attributes }: Node): readonly Graph[] =>
  Object.values(attributes)
    .filter(holdsGraph)
    .map(({ graph }) => graph);

export const holdsGraph = (attribute: Attribute | undefined): attribute is { readonly graph: Graph } =>
  typeof attribute === 'object' && 'graph' in attribute;

export interface Output {
  readonly name: string;
  readonly value: Value;
}

export interface Graph {
  readonly name: string;
  /** Values whose source is an input, in the order of the signature. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Output[];
}

let created = 0;

export const inputValue = (name: string, type: TensorType): Value => ({
  type,
  source: { kind: 'input', name },
});

export const constantValue = (data: TensorData, type: TensorType): Value => ({
  type,
  source: { kind: 'constant', data },
});

/** A new node and its output values, of the given types. Checks nothing: `build.ts` infers types, `verify.ts` checks. */
export function createNode(
  spec: Pick<Node, 'op' | 'domain' | 'inputs' | 'attributes' | 'scope'>,
  types: readonly TensorType[],
): Node {
  const outputs: Value[] = [];
  const { op, domain, inputs, attributes, scope } = spec;
  const node: Node = { id: created++, op, domain, inputs, attributes, outputs, scope };
  types.forEach((type, index) => {
    outputs.push({ type, source: { kind: 'node', node, index } });
  });
  return node;
}

/** The node that computes a value, undefined for inputs and constants. */
export const producerOf = (value: Value | null | undefined): Node | undefined =>
  value?.source.kind === 'node' ? value.source.node : undefined;

/** The nodes that the given values need, in creation order, which is a topological order. */
export function nodesOf(values: readonly Value[]): Node[] {
  const found: Node[] = [];
  // Numbers are found in a set sooner than objects.
  const ids = new Set<number>();
  const reach = (reached: readonly (Value | null)[]): void => {
    for (const value of reached) {
      if (value?.source.kind !== 'node') continue;
      const { node } = value.source;
      if (ids.has(node.id)) continue;
      ids.add(node.id);
      found.push(node);
    }
  };
  reach(values);
  // Grows on the way.
  for (const node of found) reach(node.inputs);
  return inOrder(found);
}

/** Nodes in creation order. Those of a graph were created one after the other: to give each its place takes less than sorting. */
function inOrder(nodes: readonly Node[]): Node[] {
  const first = nodes.reduce((least, { id }) => Math.min(least, id), Number.POSITIVE_INFINITY);
  const last = nodes.reduce((most, { id }) => Math.max(most, id), first);
  if (last - first > 10 * nodes.length) return [...nodes].sort((a, b) => a.id - b.id);
  const places = Array<Node>(nodes.length && last - first + 1);
  for (const node of nodes) places[node.id - first] = node;
  // Leaves out the places of others.
  return places.filter(() => true);
}

/** The nodes of a graph, in topological order. Passes and files ask for those of one graph several times. */
export const graphNodes = remembered((graph: Graph): readonly Node[] =>
  nodesOf(graph.outputs.map((output) => output.value)),
);

/** One node of each operator in a graph and in all branches in it. */
export const exemplars = remembered((graph: Graph): readonly Node[] => {
  const known = new Map<string, Node>();
  const add = (node: Node): void => {
    const key = `${node.domain}.${node.op}`;
    if (!known.has(key)) known.set(key, node);
  };
  for (const node of graphNodes(graph)) {
    add(node);
    for (const body of bodiesOf(node)) exemplars(body).forEach(add);
  }
  return [...known.values()];
});

/** The number of elements of a type all of whose dimensions are known. Throws on a symbolic dimension. */
export const elementCount = (type: TensorType): number =>
  type.shape.reduce<number>((product, dimension) => {
    if (typeof dimension === 'string') throw new Error(`the dimension ${dimension} is symbolic`);
    return product * dimension;
  }, 1);
