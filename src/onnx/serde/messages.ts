/** Parts of a graph as ONNX's messages. */

import type { onnx as Onnx } from 'onnx-proto';
import { dataTypeNumbers } from '../data-types.ts';
import {
  type Attribute,
  bodiesOf,
  type Graph,
  graphNodes,
  type Node,
  type TensorType,
  type Value,
} from '../ir.ts';
import { qualifiedName } from '../operators.ts';
import { nameBranch } from './names.ts';
import { onnx } from './proto.ts';
import { encodeTensor } from './tensors.ts';

/** What a value is called. */
export type NameOf = (value: Value) => string;

export const attributeTypes = onnx.AttributeProto.AttributeType;

function encodeAttribute(name: string, attribute: Attribute, branch: Branch): Onnx.IAttributeProto {
  const isInts = (list: Attribute): list is readonly number[] => Array.isArray(list);
  if (typeof attribute === 'number') return { name, type: attributeTypes.INT, i: attribute };
  if (typeof attribute === 'string')
    return { name, type: attributeTypes.STRING, s: new TextEncoder().encode(attribute) };
  if (isInts(attribute)) return { name, type: attributeTypes.INTS, ints: [...attribute] };
  if ('float' in attribute) return { name, type: attributeTypes.FLOAT, f: attribute.float };
  if ('floats' in attribute) return { name, type: attributeTypes.FLOATS, floats: [...attribute.floats] };
  if ('graph' in attribute) {
    return { name, type: attributeTypes.GRAPH, g: encodeBranch(attribute.graph, name, branch) };
  }
  const { data, type } = attribute.tensor;
  return { name, type: attributeTypes.TENSOR, t: encodeTensor(data, type) };
}

export const encodeType = (name: string, { dtype, shape }: TensorType): Onnx.IValueInfoProto => ({
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

/** The type of a value of which only the kind of its elements is certain: what an If gives has the shape of a branch. */
export const encodeResultType = (name: string, value: Value): Onnx.IValueInfoProto => {
  const { source, type } = value;
  const isCertain = source.kind !== 'node' || bodiesOf(source.node).length === 0;
  return isCertain
    ? encodeType(name, type)
    : { name, type: { tensorType: { elemType: dataTypeNumbers[type.dtype] } } };
};

/** What a node reads by itself, and what its branches read from outside. */
function inputsOf(node: Node): { own: Node['inputs']; captured: Node['inputs'] } {
  const captured = bodiesOf(node)[0]?.inputs.length ?? 0;
  const own = node.inputs.length - captured;
  return { own: node.inputs.slice(0, own), captured: node.inputs.slice(own) };
}

/** The names of a node's own inputs; omitted ones are empty, at the end they are left out. */
function inputNames(own: Node['inputs'], nameOf: NameOf): string[] {
  const names = own.map((value) => (value ? nameOf(value) : ''));
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

/** How operators of this project's own are written in ONNX. */
const spellings: Readonly<Record<string, Pick<Node, 'op' | 'domain' | 'attributes'>>> = {
  'onnx-nas.Chosen': { op: 'Concat', domain: '', attributes: { axis: 0 } },
};

export const spelled = (node: Node): Pick<Node, 'op' | 'domain' | 'attributes'> =>
  spellings[qualifiedName(node)] ?? node;

export function encodeNode(node: Node, name: string, nameOf: NameOf): Onnx.INodeProto {
  const { op, domain, attributes } = spelled(node);
  const { own, captured } = inputsOf(node);
  const branch = { node: name, outside: captured.map((value) => (value ? nameOf(value) : '')) };
  return {
    name,
    opType: op,
    domain,
    input: inputNames(own, nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(attributes).map(([key, attribute]) => encodeAttribute(key, attribute, branch)),
  };
}

/** Where a branch is: its node's name, and the names of what it reads from outside. */
interface Branch {
  readonly node: string;
  readonly outside: readonly string[];
}

/** A branch: it has no inputs, and names what it reads from outside. */
function encodeBranch(graph: Graph, name: string, { node, outside }: Branch): Onnx.IGraphProto {
  const names = nameBranch(graph, outside, `${node}/${name}/`);
  const nameOf: NameOf = (value) => names.values.get(value) ?? '';
  return {
    name: graph.name,
    node: graphNodes(graph).map((inner) => encodeNode(inner, names.nodes.get(inner) ?? '', nameOf)),
    initializer: names.constants.map((value) => encodeConstant(value, nameOf(value))),
    output: graph.outputs.map(({ value }) => encodeType(nameOf(value), value.type)),
  };
}

export function encodeConstant({ source, type }: Value, name: string): Onnx.ITensorProto {
  if (source.kind !== 'constant') throw new Error('only constants have data');
  return encodeTensor(source.data, type, name);
}
