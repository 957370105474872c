/** Parts of a graph as ONNX's messages. */

import type { onnx as Onnx } from 'onnx-proto';
import { dataTypeNumbers } from '../data-types.ts';
import type { Attribute, Node, TensorType, Value } from '../ir.ts';
import { onnx } from './proto.ts';
import { encodeTensor } from './tensors.ts';

/** What a value is called. */
export type NameOf = (value: Value) => string;

export const attributeTypes = onnx.AttributeProto.AttributeType;

export function encodeAttribute(name: string, attribute: Attribute): Onnx.IAttributeProto {
  const isInts = (list: Attribute): list is readonly number[] => Array.isArray(list);
  if (typeof attribute === 'number') return { name, type: attributeTypes.INT, i: attribute };
  if (typeof attribute === 'string')
    return { name, type: attributeTypes.STRING, s: new TextEncoder().encode(attribute) };
  if (isInts(attribute)) return { name, type: attributeTypes.INTS, ints: [...attribute] };
  if ('float' in attribute) return { name, type: attributeTypes.FLOAT, f: attribute.float };
  if ('floats' in attribute) return { name, type: attributeTypes.FLOATS, floats: [...attribute.floats] };
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

/** The names of a node's inputs; omitted ones are empty, at the end they are left out. */
function inputNames(node: Node, nameOf: NameOf): string[] {
  const names = node.inputs.map((value) => (value ? nameOf(value) : ''));
  return names.slice(0, names.findLastIndex((name) => name !== '') + 1);
}

export const encodeNode = (node: Node, name: string, nameOf: NameOf): Onnx.INodeProto => ({
  name,
  opType: node.op,
  domain: node.domain,
  input: inputNames(node, nameOf),
  output: node.outputs.map(nameOf),
  attribute: Object.entries(node.attributes).map(([key, attribute]) => encodeAttribute(key, attribute)),
});
