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

/** The type of a value of which only the kind of its elements is certain: what an If gives has the shape of a branch. */
export const encodeResultType = (name: string, value: Value): Onnx.IValueInfoProto => {
  const { source, type } = value;
  const isCertain = source.kind !== 'node' || bodiesOf(source.node).length === 0;
  return isCertain
    ? encodeType(name, type)
    : { name, type: { tensorType: { elemType: dataTypeNumbers[type.dtype] } } };
};

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
