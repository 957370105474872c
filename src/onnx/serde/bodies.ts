/** The nodes of graphs as ONNX's messages: with their branches, and where there are many, in segments. */

import type { onnx as Onnx } from 'onnx-proto';
import { typedArrays } from '../data-types.ts';
import {
  type Attribute,
  bodiesOf,
  type DataType,
  type Graph,
  graphNodes,
  type Node,
  producerOf,
  type Value,
} from '../ir.ts';
import { encodeConstant, encodeResultType, encodeType, spelled } from './messages.ts';
import { type Names, nameAll, type ValueNaming } from './names.ts';
import { overwriting } from './overwriting.ts';
import { onnx } from './proto.ts';
import { type Segment, segmentsOf } from './segments.ts';
import { encodeTensor } from './tensors.ts';
import { isView } from './views.ts';

const { AttributeType } = onnx.AttributeProto;

/** In segments a graph is only run. */
export const namingOf = (segmentSize: number | undefined): ValueNaming =>
  segmentSize ? 'numbered' : 'described';

/** What a value is called. */
type NameOf = (value: Value) => string;

export interface Writing {
  readonly nameOf: NameOf;
  readonly nodeName: (node: Node) => string;
  /** The nodes of one segment; undefined where nothing is written in segments. */
  readonly segmentSize: number | undefined;
  /** The input, a bool, that says whether the graph is computed, which then is in segments; undefined where it always is. */
  readonly chosen?: string;
}

export interface Body {
  /** One after the other: of a graph in segments, all messages together are a multiple of the file. */
  readonly nodes: Iterable<Onnx.INodeProto>;
  readonly initializer: Onnx.ITensorProto[];
}

/** Nodes and constants of a graph. */
export function encodeBody(graph: Graph, { constants }: Names, writing: Writing): Body {
  const { nameOf, segmentSize, chosen } = writing;
  const segments = segmentSize ? segmentsOf(graph, segmentSize) : [];
  const [{ nodes } = { nodes: graphNodes(graph) }] = segments;
  const initializer = constants.map((value) => encodeConstant(value, nameOf(value)));
  if (chosen) return { nodes: encodeSegments(segments, writing, chosen), initializer };
  return segments.length > 1
    ? { nodes: encodeSegments(segments, writing, always), initializer: [...initializer, truth] }
    : { nodes: nodes.map((node) => encodeNode(node, writing)), initializer };
}

/** Where a branch is: its node's name, and the names of what it reads from outside. */
interface Place {
  readonly node: string;
  readonly outside: readonly string[];
  readonly segmentSize: Writing['segmentSize'];
}

/** A branch: it has no inputs, and names what it reads from outside. */
function encodeBranch(graph: Graph, name: string, { node, outside, segmentSize }: Place): Onnx.IGraphProto {
  const names = nameAll(graph, outside, namingOf(segmentSize), `${node}/${name}/`);
  const nameOf: NameOf = (value) => names.values.get(value) ?? '';
  const writing = { nameOf, nodeName: (inner: Node) => names.nodes.get(inner) ?? '', segmentSize };
  const { nodes, initializer } = encodeBody(graph, names, writing);
  return {
    name: graph.name,
    node: [...nodes],
    initializer,
    output: graph.outputs.map(({ value }) => encodeType(nameOf(value), value.type)),
  };
}

function encodeAttribute(name: string, attribute: Attribute, place: Place): Onnx.IAttributeProto {
  const isInts = (list: Attribute): list is readonly number[] => Array.isArray(list);
  if (typeof attribute === 'number') return { name, type: AttributeType.INT, i: attribute };
  if (typeof attribute === 'string')
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(attribute) };
  if (isInts(attribute)) return { name, type: AttributeType.INTS, ints: [...attribute] };
  if ('float' in attribute) return { name, type: AttributeType.FLOAT, f: attribute.float };
  if ('floats' in attribute) return { name, type: AttributeType.FLOATS, floats: [...attribute.floats] };
  return { name, type: AttributeType.GRAPH, g: encodeBranch(attribute.graph, name, place) };
}

/** What a node reads by itself, and what its branches read from outside. */
function inputsOf(node: Node): { own: Node['inputs']; captured: Node['inputs'] } {
  const captured = bodiesOf(node)[0]?.inputs.length ?? 0;
  if (captured === 0) return { own: node.inputs, captured: [] };
  const own = node.inputs.length - captured;
  return { own: node.inputs.slice(0, own), captured: node.inputs.slice(own) };
}

/** The names of a node's own inputs; omitted ones are empty, at the end they are left out. */
function inputNames(own: Node['inputs'], nameOf: NameOf): string[] {
  const names = own.map((value) => (value ? nameOf(value) : ''));
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

function encodeNode(node: Node, { nameOf, nodeName, segmentSize }: Writing): Onnx.INodeProto {
  const { op, domain, attributes } = spelled(node);
  const { own, captured } = inputsOf(node);
  const name = nodeName(node);
  const place = { node: name, outside: captured.map((value) => (value ? nameOf(value) : '')), segmentSize };
  return {
    name,
    opType: op,
    domain,
    input: inputNames(own, nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(attributes).map(([key, attribute]) => encodeAttribute(key, attribute, place)),
  };
}

/** A name that only a segmented file has: no other has this sign in it. */
const segmentName = (name: string, index: number): string => `${name}@${index}`;

const always = segmentName('always', 0);

const truth = encodeTensor(Uint8Array.of(1), { dtype: 'bool', shape: [] }, always);

/** The branch that is taken. */
function taken({ nodes, results }: Segment, index: number, writing: Writing): Onnx.IGraphProto {
  const { nameOf } = writing;
  const [present, leaving] = [new Set(nodes), new Set(results)];
  // What is known outside under its name, or in several segments, needs another one within.
  const within: NameOf = (value) => {
    const node = producerOf(value);
    const isOwn = node && present.has(node) && (isView(node) || leaving.has(value));
    return isOwn ? segmentName(nameOf(value), index) : nameOf(value);
  };
  const inside = { ...writing, nameOf: within };
  const shaped = overwriting(nodes);
  const inner = nodes.flatMap(({ outputs }) =>
    outputs.filter((value) => shaped.has(value) && !leaving.has(value)),
  );
  return {
    name: segmentName('taken', index),
    node: nodes.map((node) => encodeNode(node, inside)),
    output: results.map((value) => encodeResultType(within(value), value)),
    valueInfo: inner.map((value) => encodeType(within(value), value.type)),
  };
}

/** More dimensions than any tensor of ours has. */
const oddShape = (count: number): readonly number[] => [count, 1, 1, 1, 1, 1, 1];

/** The branch that is not: as many results of the same element types, pieces of one tensor a type. */
function notTaken(results: readonly Value[], index: number): Onnx.IGraphProto {
  const names = results.map((_, place) => segmentName(`other${place}`, index));
  const places = new Map<DataType, string[]>();
  results.forEach(({ type: { dtype } }, place) => {
    places.set(dtype, [...(places.get(dtype) ?? []), names[place] as string]);
  });
  const parts = [...places].map(([dtype, output]) => {
    const whole = segmentName(`whole_${dtype}`, index);
    const shape = oddShape(output.length);
    if (dtype === 'string') throw new Error('segments cannot yield strings');
    const data = new typedArrays[dtype](output.length);
    return {
      initializer: encodeTensor(data, { dtype, shape }, whole),
      node: { opType: 'Split', name: segmentName(`split_${dtype}`, index), input: [whole], output },
    };
  });
  return {
    name: segmentName('other', index),
    node: parts.map(({ node }) => node),
    initializer: parts.map(({ initializer }) => initializer),
    output: results.map(({ type: { dtype } }, place) =>
      encodeType(names[place] as string, { dtype, shape: oddShape(1) }),
    ),
  };
}

/** The segments as the nodes of a graph, each computed where `condition` holds. */
function* encodeSegments(
  segments: readonly Segment[],
  writing: Writing,
  condition: string,
): Generator<Onnx.INodeProto> {
  for (const [index, segment] of segments.entries()) {
    yield {
      opType: 'If',
      name: segmentName(condition, index),
      input: [condition],
      output: segment.results.map(writing.nameOf),
      attribute: [
        { name: 'then_branch', type: AttributeType.GRAPH, g: taken(segment, index, writing) },
        { name: 'else_branch', type: AttributeType.GRAPH, g: notTaken(segment.results, index) },
      ],
    };
  }
}
