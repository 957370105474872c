/** Types, constants and names of operators as ONNX's messages. */

import type { onnx as Onnx } from 'onnx-proto';
import { dataTypeNumbers } from '../data-types.ts';
import { bodiesOf, type Node, type TensorType, type Value } from '../ir.ts';
import { qualifiedName } from '../operators.ts';
import { encodeTensor } from './tensors.ts';

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

/** What an If gives has the shape of the branch that is taken, whatever its type says. */
export const hasCertainShape = ({ source }: Value): boolean =>
  source.kind !== 'node' || bodiesOf(source.node).length === 0;

/** The type of a value of which perhaps only the kind of its elements is certain. */
export const encodeResultType = (name: string, value: Value): Onnx.IValueInfoProto =>
  hasCertainShape(value)
    ? encodeType(name, value.type)
    : { name, type: { tensorType: { elemType: dataTypeNumbers[value.type.dtype] } } };

export function encodeConstant({ source, type }: Value, name: string): Onnx.ITensorProto {
  if (source.kind !== 'constant') throw new Error('only constants have data');
  return encodeTensor(source.data, type, name);
}

/** How operators of this project's own are written in ONNX. */
const spellings: Readonly<Record<string, Pick<Node, 'op' | 'domain' | 'attributes'>>> = {
  'onnx-nas.Chosen': { op: 'Concat', domain: '', attributes: { axis: 0 } },
};

export const spelled = (node: Node): Pick<Node, 'op' | 'domain' | 'attributes'> =>
  spellings[qualifiedName(node)] ?? node;
