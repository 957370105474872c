/**
 * Choosing between branches. Each branch's value passes through an If of its own, which gives nothing (no images) where
 * the branch is not chosen; what is left is the chosen one. So no other value is copied, and the pass
 * `sink-into-branches.ts` can move into the If what only it needs: what is not chosen is then not computed.
 */
import { constantValue, type Graph, inputValue, type TensorType, type Value } from '../../onnx/ir.ts';
import { richestLayout } from '../align.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { reshape } from './shape.ts';

/** One bool without dimensions. */
const condition = (lower: Lowering, flag: Traced): Value => lower.as(reshape(lower, flag, []), 'plain');

/** x where the flag is set, else what `otherwise` makes of its type. */
function passing(lower: Lowering, flag: Traced, x: Value, otherwise: (type: TensorType) => Value): Value {
  const body = (name: string, value: (outside: Value) => Value): { graph: Graph } => {
    const outside = inputValue('x', x.type);
    return { graph: { name, inputs: [outside], outputs: [{ name: 'y', value: value(outside) }] } };
  };
  return lower.graph.node('If', [condition(lower, flag), x], {
    then_branch: body('then', (outside) => outside),
    else_branch: body('else', () => otherwise(x.type)),
  });
}

const none = ({ dtype, shape }: TensorType): Value =>
  constantValue(new Float32Array(0), { dtype, shape: [0, ...shape.slice(1)] });

/** Zeros, of which the file holds only the shape. */
const zeros =
  (lower: Lowering) =>
  ({ shape }: TensorType): Value =>
    lower.graph.node('ConstantOfShape', [lower.graph.ints(shape as number[])]);

/** Flags, then as many values of one shape: the value whose flag is set; exactly one is. */
function choose(lower: Lowering, flagsAndValues: readonly Traced[]): Traced {
  const count = flagsAndValues.length / 2;
  const values = flagsAndValues.slice(count);
  const [first] = values as [Traced];
  const layout = richestLayout(values);
  const parts = values.map((value, i) =>
    passing(lower, flagsAndValues[i] as Traced, lower.as(value, layout), none),
  );
  return lower.traced(lower.graph.node('onnx-nas.Chosen', parts), layout, first.shape);
}

export const choice = {
  Choose: (lower, flagsAndValues) => choose(lower, flagsAndValues),
  Gate: (lower, { flag, x }) => lower.traced(passing(lower, flag, x.value, zeros(lower)), x.layout, x.shape),
} satisfies Partial<Rules>;
