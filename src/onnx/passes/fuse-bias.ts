/** Joins the product of two matrices and the bias added to it into one Gemm. */

import { createNode, type TensorType, type Value } from '../ir.ts';
import { type Pass, producerOf, readCounts, rewrite } from './rewrite.ts';

/** Whether a type broadcasts to a shape and leaves it as it is. */
const broadcastsTo = ({ shape }: TensorType, target: TensorType['shape']): boolean =>
  shape.length <= target.length &&
  shape.every((dimension, axis) => {
    return dimension === 1 || dimension === target[target.length - shape.length + axis];
  });

const isConstant = (value: Value | null | undefined): value is Value => value?.source.kind === 'constant';

/** MatMul of rank 2 that only an Add of a constant reads, with that Add → Gemm. */
export const fuseBias: Pass = (graph) => {
  const reads = readCounts(graph);
  return rewrite(graph, (node, inputs) => {
    if (node.op !== 'Add') return undefined;
    const side = isConstant(inputs[1]) ? 0 : 1;
    const [sum, bias, product] = [node.outputs[0], inputs[1 - side], node.inputs[side]];
    const multiplication = producerOf(inputs[side]);
    if (!sum || !isConstant(bias) || !product || reads.get(product) !== 1) return undefined;
    if (multiplication?.op !== 'MatMul') return undefined;
    const matrices = [...multiplication.inputs, sum].every((value) => value?.type.shape.length === 2);
    if (!matrices || !broadcastsTo(bias.type, product.type.shape)) return undefined;
    const operands = [...multiplication.inputs, bias];
    return createNode({ ...multiplication, op: 'Gemm', inputs: operands }, [sum.type]).outputs;
  });
};
