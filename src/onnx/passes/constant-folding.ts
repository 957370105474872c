/** Computes at once what depends on constants alone, so that a model's weights are stored as they are used. */

import { constantValue, type TensorType, type Value } from '../ir.ts';
import { qualifiedName } from '../operators.ts';
import { evaluators, type Operand } from './evaluate.ts';
import { type Pass, rewrite } from './rewrite.ts';

/** The shape where all dimensions are known. */
const knownShape = ({ shape }: TensorType): readonly number[] | undefined => {
  const known = shape.filter((dimension) => typeof dimension === 'number');
  return known.length === shape.length ? known : undefined;
};

/** A constant as the evaluators read it: float32 elements, or int64 ones as numbers; undefined for others. */
function operandOf(value: Value | null): Operand | undefined {
  if (value?.source.kind !== 'constant') return undefined;
  const { data } = value.source;
  if (data instanceof BigInt64Array) return Array.from(data, Number);
  const shape = knownShape(value.type);
  return data instanceof Float32Array && shape ? { data, shape } : undefined;
}

/** Replaces nodes that only read constants by constants, for the operators in `evaluate.ts`. */
export const constantFolding: Pass = (graph) =>
  rewrite(graph, (node, inputs) => {
    const evaluate = evaluators[qualifiedName(node)];
    const [output] = node.outputs;
    if (!evaluate || !output || output.type.dtype !== 'float32') return undefined;
    if (!inputs.every((value) => value === null || value.source.kind === 'constant')) return undefined;
    const shape = knownShape(output.type);
    const data = shape && evaluate(inputs.map(operandOf), node.attributes, shape);
    return data && [constantValue(data, output.type)];
  });
