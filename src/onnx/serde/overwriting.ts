/**
 * Where onnxruntime may write a node's result over an operand, which saves a pass over memory where a convolution adds to
 * what is there. Its planner does so on a CPU if nobody else reads the operand and both are known to be of one shape.
 */
import type { Node, Value } from '../ir.ts';
import { type OperatorName, qualifiedName } from '../operators.ts';
import { hasCertainShape } from './messages.ts';

/** The input that an operator may overwrite, by operator: `MayInplace` of onnxruntime's CPU kernels. */
const overwritten: Readonly<Partial<Record<OperatorName, number>>> = {
  'com.microsoft.nchwc.Conv': 3,
  Elu: 0,
  HardSigmoid: 0,
  LeakyRelu: 0,
  Relu: 0,
  Selu: 0,
  Sigmoid: 0,
  Softplus: 0,
  Tanh: 0,
};

export const hasKnownShape = (value: Value): boolean =>
  hasCertainShape(value) && value.type.shape.every((size) => typeof size === 'number');

/** The values whose shapes onnxruntime has to know: operands that may be overwritten, and what may take their place. */
export function overwriting(nodes: readonly Node[]): ReadonlySet<Value> {
  const pairs = nodes.flatMap((node) => {
    const place = overwritten[qualifiedName(node) as OperatorName];
    const operand = place === undefined ? undefined : node.inputs[place];
    return operand ? [operand, ...node.outputs] : [];
  });
  return new Set(pairs.filter(hasKnownShape));
}
