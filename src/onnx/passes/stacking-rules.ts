/**
 * How one node computes what many nodes of its form compute: each row gives an operator's form over operands that
 * have one more dimension in front, of as many entries as there are nodes (jax calls these batching rules).
 */

import { floatTypes } from '../data-types.ts';
import type { Node, Value } from '../ir.ts';
import type { OperatorName } from '../operators.ts';
import { qualifiedName } from '../operators.ts';
import { numbersOf } from './constants.ts';
import { type Operand, reshaped, type Stacking, shapeOf } from './stacks.ts';

const outputShape = (node: Node): readonly number[] => shapeOf(node.outputs[0] as Value);

const nameOf = (node: Node): OperatorName => qualifiedName(node) as OperatorName;

/** The first operand over its entries; the others are constants that say how. */
const first = (operands: readonly Operand[]): Value => (operands[0] as Operand).value;

/** Operands broadcast from behind, so each stacked one gets the dimensions that it lacks after the first. */
const elementwise: Stacking['apply'] = (graph, operands, count, node) => {
  const { length: rank } = outputShape(node);
  const values = operands.map(({ value, stacked }) => {
    if (!stacked) return value;
    const own = shapeOf(value).slice(1);
    return reshaped(graph, value, [count, ...Array<number>(rank - own.length).fill(1), ...own]);
  });
  return graph.node(nameOf(node), values, node.attributes);
};

const reshape: Stacking['apply'] = (graph, operands, count, node) =>
  reshaped(graph, first(operands), [count, ...outputShape(node)]);

const transpose: Stacking['apply'] = (graph, operands, _, node) => {
  const perm = node.attributes.perm as readonly number[];
  return graph.node('Transpose', [first(operands)], { perm: [0, ...perm.map((axis) => axis + 1)] });
};

/** An axis of the node's operand among the axes of the stacked one. */
const shifted = (node: Node, axes: readonly number[]): number[] => {
  const { length: rank } = shapeOf(node.inputs[0] as Value);
  return axes.map((axis) => (axis < 0 ? axis + rank : axis) + 1);
};

const reduceSum: Stacking['apply'] = (graph, operands, _, node) => {
  const axes = shifted(node, numbersOf(operands[1]?.value) ?? []);
  return graph.node('ReduceSum', [first(operands), graph.ints(axes)], node.attributes);
};

const slice: Stacking['apply'] = (graph, operands, _, node) => {
  const [, begin, end, axes, ...steps] = operands as [Operand, Operand, Operand, Operand, ...Operand[]];
  const moved = graph.ints(shifted(node, numbersOf(axes.value) ?? []));
  const bounds = [begin.value, end.value, moved, ...steps.map(({ value }) => value)];
  return graph.node('Slice', [first(operands), ...bounds]);
};

const expand: Stacking['apply'] = (graph, operands, count, node) => {
  const target = outputShape(node);
  const own = shapeOf(first(operands)).slice(1);
  const aligned = [count, ...Array<number>(target.length - own.length).fill(1), ...own];
  return graph.node('Expand', [reshaped(graph, first(operands), aligned), graph.ints([count, ...target])]);
};

const elementwiseOperators = [
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Max',
  'Min',
  'Neg',
  'Sqrt',
  'Reciprocal',
  'Exp',
  'Log',
  'HardSigmoid',
  'Cast',
] as const;

const rules: Readonly<Record<string, Stacking['apply']>> = {
  ...Object.fromEntries(elementwiseOperators.map((name) => [name, elementwise])),
  Reshape: reshape,
  Transpose: transpose,
  ReduceSum: reduceSum,
  Slice: slice,
  Expand: expand,
};

/** The operands of these after the first say how, and must be constants. */
const needsConstants = new Set(['Reshape', 'ReduceSum', 'Slice', 'Expand']);

/** How nodes like this one are stacked, one entry after the other; undefined where they cannot be. */
export function stackingOf(node: Node): Stacking | undefined {
  const name = qualifiedName(node);
  const apply = rules[name];
  const [head, ...settings] = node.inputs;
  if (!apply || !head || node.outputs.length !== 1) return undefined;
  // Of numbers only: not every device joins truth values.
  if (name === 'Cast' && !floatTypes.includes(head.type.dtype)) return undefined;
  const known = needsConstants.has(name)
    ? settings.every((value) => value?.source.kind === 'constant')
    : node.inputs.every((value) => value !== null);
  // Without axes a Slice or a sum means all of them; such a node would take the stack in.
  const explicit = name === 'Slice' ? settings.length >= 3 : name !== 'ReduceSum' || settings.length === 1;
  if (!known || !explicit || (name === 'Transpose' && !node.attributes.perm)) return undefined;
  return { outer: 1, operands: node.inputs.map(() => 1), apply };
}
