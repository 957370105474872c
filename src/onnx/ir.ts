/**
 * The graph representation: what ONNX can say, without protobuf and without tfjs.
 *
 * Values point to the nodes that produce them and nodes to the values that they read, so a graph is just its
 * inputs and its outputs: what no output needs is not in the graph. Nodes are numbered as they are created,
 * and since a node can only read values that exist already, this order is a topological one.
 */

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

export const constantValue = (data: TensorData, type: TensorType, name?: string): Value => ({
  type,
  source: { kind: 'constant', data, name },
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

/** The nodes that the given values need, in creation order, which is a topological order. */
export function nodesOf(values: readonly Value[]): Node[] {
  const found = new Set<Node>();
  const pending = [...values];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (value.source.kind !== 'node' || found.has(value.source.node)) continue;
    found.add(value.source.node);
    for (const input of value.source.node.inputs) if (input) pending.push(input);
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** Graphs do not change, and passes and files ask for the nodes of one graph several times. */
const knownNodes = new WeakMap<Graph, readonly Node[]>();

/** The nodes of a graph, in topological order. */
export function graphNodes(graph: Graph): readonly Node[] {
  const nodes = knownNodes.get(graph) ?? nodesOf(graph.outputs.map((output) => output.value));
  knownNodes.set(graph, nodes);
  return nodes;
}

/** The nodes of a graph and of all branches in it. */
export const allNodes = (graph: Graph): Node[] =>
  graphNodes(graph).flatMap((node) => [node, ...bodiesOf(node).flatMap(allNodes)]);

/** The number of elements of a type all of whose dimensions are known. Throws on a symbolic dimension. */
export const elementCount = (type: TensorType): number =>
  type.shape.reduce<number>((product, dimension) => {
    if (typeof dimension === 'string') throw new Error(`the dimension ${dimension} is symbolic`);
    return product * dimension;
  }, 1);
