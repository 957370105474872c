/** A graph to the bytes of an ONNX file. */

import type { onnx as Onnx } from 'onnx-proto';
import { dataTypeNumbers } from '../data-types.ts';
import {
  type Attribute,
  allNodes,
  bodiesOf,
  createNode,
  type Graph,
  graphNodes,
  type Node,
  type TensorType,
  type Value,
} from '../ir.ts';
import { dialectOpset, qualifiedName } from '../operators.ts';
import { rebuilt, rewrite } from '../passes/rewrite.ts';
import { requiredOpset } from '../verify.ts';
import { type Names, nameGraph } from './names.ts';
import { onnx } from './proto.ts';
import { encodeTensor } from './tensors.ts';

/** The file format of ONNX 1.10, which every runtime of the last years reads. */
const irVersion = 8;

export interface SerializeOptions {
  /** `metadata_props` of the model. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The version of the standard domain to declare, up to 17; by default the lowest that the operators allow. */
  readonly opset?: number;
  /** What wrote the file. */
  readonly producer?: { readonly name: string; readonly version: string };
}

const types = onnx.AttributeProto.AttributeType;

function encodeAttribute(name: string, attribute: Attribute, names: Names): Onnx.IAttributeProto {
  const isInts = (list: Attribute): list is readonly number[] => Array.isArray(list);
  if (typeof attribute === 'number') return { name, type: types.INT, i: attribute };
  if (typeof attribute === 'string')
    return { name, type: types.STRING, s: new TextEncoder().encode(attribute) };
  if (isInts(attribute)) return { name, type: types.INTS, ints: [...attribute] };
  if ('float' in attribute) return { name, type: types.FLOAT, f: attribute.float };
  if ('floats' in attribute) return { name, type: types.FLOATS, floats: [...attribute.floats] };
  if ('graph' in attribute) return { name, type: types.GRAPH, g: encodeBody(attribute.graph, names) };
  const { data, type } = attribute.tensor;
  return { name, type: types.TENSOR, t: encodeTensor(data, type) };
}

const encodeType = (name: string, { dtype, shape }: TensorType): Onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypeNumbers[dtype],
      shape: {
        dim: shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size })),
      },
    },
  },
});

/** The names of a node's own inputs; omitted ones are empty, at the end they are left out. */
function inputNames(node: Node, nameOf: (value: Value) => string): string[] {
  // What branches read from outside they name themselves.
  const captured = bodiesOf(node)[0]?.inputs.length ?? 0;
  const names = node.inputs
    .slice(0, node.inputs.length - captured)
    .map((value) => (value ? nameOf(value) : ''));
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

/**
 * The graph with an Identity before each output that no node computes or that is listed twice: in a file an
 * output must be the result of a node, and a result has one name.
 */
function withOwnOutputs(given: Graph): Graph {
  const graph = withCompleteBodies(given);
  const inputNames = new Set(
    graph.inputs.flatMap(({ source }) => (source.kind === 'input' ? [source.name] : [])),
  );
  const used = new Set<Value>();
  const outputs = graph.outputs.map(({ name, value }) => {
    if (inputNames.has(name)) throw new Error(`${graph.name} has an input and an output named ${name}`);
    const own = value.source.kind === 'node' && !used.has(value);
    used.add(value);
    if (own) return { name, value };
    const node = createNode({ op: 'Identity', domain: '', inputs: [value], attributes: {}, scope: '' }, [
      value.type,
    ]);
    return { name, value: node.outputs[0] ?? value };
  });
  return { ...graph, outputs };
}

/** The same for all branches. */
const withCompleteBodies = (graph: Graph): Graph =>
  rewrite(graph, (node, inputs) => {
    if (bodiesOf(node).length === 0) return undefined;
    const complete = (attribute: Attribute): Attribute =>
      typeof attribute === 'object' && 'graph' in attribute
        ? { graph: withOwnOutputs(attribute.graph) }
        : attribute;
    const attributes = Object.entries(node.attributes).map(([name, attribute]) => [
      name,
      complete(attribute),
    ]);
    return rebuilt(node, inputs, Object.fromEntries(attributes));
  });

/** A branch: it has no inputs, and names what it reads from outside. */
function encodeBody(graph: Graph, names: Names): Onnx.IGraphProto {
  const own = names.bodies.get(graph);
  if (!own) throw new Error(`the branch ${graph.name} has no names`);
  const body = encodeGraph(graph, own);
  const output = graph.outputs.map(({ value }) => encodeType(own.values.get(value) ?? '', value.type));
  return { ...body, input: [], output };
}

/** How operators of this project's own are written in ONNX. */
const spellings: Readonly<Record<string, Pick<Node, 'op' | 'domain' | 'attributes'>>> = {
  'onnx-nas.Chosen': { op: 'Concat', domain: '', attributes: { axis: 0 } },
};

const spelled = (node: Node): Pick<Node, 'op' | 'domain' | 'attributes'> =>
  spellings[qualifiedName(node)] ?? node;

function encodeGraph(graph: Graph, names: Names): Onnx.IGraphProto {
  const nameOf = (value: Value): string => {
    const name = names.values.get(value);
    if (name !== undefined) return name;
    const { source } = value;
    throw new Error(
      `${graph.name} reads ${source.kind === 'input' ? source.name : 'a value'}, which it does not declare`,
    );
  };
  return {
    name: graph.name,
    node: graphNodes(graph).map((node) => {
      const { op, domain, attributes } = spelled(node);
      return {
        name: names.nodes.get(node) ?? null,
        opType: op,
        domain,
        input: inputNames(node, nameOf),
        output: node.outputs.map(nameOf),
        attribute: Object.entries(attributes).map(([name, attribute]) =>
          encodeAttribute(name, attribute, names),
        ),
      };
    }),
    initializer: names.constants.map((value) => {
      if (value.source.kind !== 'constant') throw new Error('only constants have data');
      return encodeTensor(value.source.data, value.type, nameOf(value));
    }),
    input: graph.inputs.map((value) => encodeType(nameOf(value), value.type)),
    output: graph.outputs.map(({ name, value }) => encodeType(name, value.type)),
  };
}

/** The domains that the graph uses, with their versions. */
function opsetImports(graph: Graph, opset: number): Onnx.IOperatorSetIdProto[] {
  const domains = new Set(['', ...allNodes(graph).map((node) => spelled(node).domain)]);
  return [...domains].sort().map((domain) => ({ domain, version: domain === '' ? opset : 1 }));
}

/**
 * The graph as the bytes of an ONNX file. Names are stable: the same graph gives the same bytes.
 *
 * @throws Error where the opset asked for is lower than the operators need or higher than the dialect's
 */
export function serialize(graph: Graph, options: SerializeOptions = {}): Uint8Array {
  const complete = withOwnOutputs(graph);
  const least = requiredOpset(complete);
  const { metadata = {}, opset = least, producer = { name: 'onnx-nas', version: '' } } = options;
  if (opset < least || opset > dialectOpset) {
    throw new Error(
      `${graph.name} cannot be written as opset ${opset}: it needs ${least} to ${dialectOpset}`,
    );
  }
  return onnx.ModelProto.encode({
    irVersion,
    opsetImport: opsetImports(complete, opset),
    producerName: producer.name,
    producerVersion: producer.version,
    graph: encodeGraph(complete, nameGraph(complete)),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}
