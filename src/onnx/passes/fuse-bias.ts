/** Joins the product of two matrices and the bias added to it into one Gemm. */

import {
  type Attributes,
  constantValue,
  createNode,
  producerOf,
  type TensorType,
  type Value,
} from '../ir.ts';
import { isConstant } from './constants.ts';
import { evaluators } from './evaluate.ts';
import { type Pass, readCounts, rewrite } from './rewrite.ts';

/** Whether a type broadcasts to a shape and leaves it as it is. */
const broadcastsTo = ({ shape }: TensorType, target: TensorType['shape']): boolean =>
  shape.length <= target.length &&
  shape.every((dimension, axis) => {
    return dimension === 1 || dimension === target[target.length - shape.length + axis];
  });

/**
 * The second matrix of a Gemm. A constant one is kept transposed, as most frameworks write it and as some readers
 * expect it (OpenCV 4.6).
 */
function secondMatrix(matrix: Value | null | undefined): { value: Value | null; attributes: Attributes } {
  const asItIs = { value: matrix ?? null, attributes: {} };
  if (matrix?.source.kind !== 'constant' || !(matrix.source.data instanceof Float32Array)) return asItIs;
  const { data } = matrix.source;
  const [rows, columns] = matrix.type.shape.map(Number) as [number, number];
  const shape = [columns, rows];
  const turned = evaluators.Transpose?.([{ data, shape: [rows, columns] }], {}, shape);
  if (!turned) return asItIs;
  return { value: constantValue(turned, { ...matrix.type, shape }), attributes: { transB: 1 } };
}

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
    const [first, second] = multiplication.inputs;
    const { value, attributes } = secondMatrix(second);
    const operands = [first ?? null, value, bias];
    return createNode({ ...multiplication, op: 'Gemm', inputs: operands, attributes }, [sum.type]).outputs;
  });
};
