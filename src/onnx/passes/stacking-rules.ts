/**
 * How one node computes what many nodes of its form compute: each row gives an operator's form over operands that
 * have one more dimension in front, of as many entries as there are nodes (jax calls these batching rules).
 */

import type { Builder } from '../build.ts';
import { floatTypes } from '../data-types.ts';
import type { Node, Value } from '../ir.ts';
import type { OperatorName } from '../operators.ts';
import { qualifiedName } from '../operators.ts';

/** An operand of all the nodes: stacked, or one that they share. */
export interface Operand {
  readonly value: Value;
  readonly stacked: boolean;
}

/** The stacked result of `count` nodes like `node`. */
export type StackingRule = (graph: Builder, node: Node, operands: readonly Operand[], count: number) => Value;

const shapeOf = (value: Value): readonly number[] => value.type.shape as readonly number[];

const outputShape = (node: Node): readonly number[] => shapeOf(node.outputs[0] as Value);

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

const reshaped = (graph: Builder, value: Value, shape: readonly number[]): Value =>
  same(shapeOf(value), shape) ? value : graph.node('Reshape', [value, graph.ints(shape)]);

const nameOf = (node: Node): OperatorName => qualifiedName(node) as OperatorName;

const numbersOf = ({ value }: Operand): number[] =>
  value.source.kind === 'constant' ? Array.from(value.source.data, Number) : [];

/** The first operand over its entries; the others are constants that say how. */
const first = (operands: readonly Operand[]): Value => (operands[0] as Operand).value;

/** Operands broadcast from behind, so each stacked one gets the dimensions that it lacks after the first. */
const elementwise: StackingRule = (graph, node, operands, count) => {
  const { length: rank } = outputShape(node);
  const values = operands.map(({ value, stacked }) => {
    if (!stacked) return value;
    const own = shapeOf(value).slice(1);
    return reshaped(graph, value, [count, ...Array<number>(rank - own.length).fill(1), ...own]);
  });
  return graph.node(nameOf(node), values, node.attributes);
};

const reshape: StackingRule = (graph, node, operands, count) =>
  reshaped(graph, first(operands), [count, ...outputShape(node)]);

const transpose: StackingRule = (graph, node, operands) => {
  const perm = node.attributes.perm as readonly number[];
  return graph.node('Transpose', [first(operands)], { perm: [0, ...perm.map((axis) => axis + 1)] });
};

/** An axis of the node's operand among the axes of the stacked one. */
const shifted = (node: Node, axes: readonly number[]): number[] => {
  const { length: rank } = shapeOf(node.inputs[0] as Value);
  return axes.map((axis) => (axis < 0 ? axis + rank : axis) + 1);
};

const reduceSum: StackingRule = (graph, node, operands) => {
  const axes = shifted(node, numbersOf(operands[1] as Operand));
  return graph.node('ReduceSum', [first(operands), graph.ints(axes)], node.attributes);
};

const slice: StackingRule = (graph, node, operands) => {
  const [, begin, end, axes, ...steps] = operands as [Operand, Operand, Operand, Operand, ...Operand[]];
  const moved = graph.ints(shifted(node, numbersOf(axes)));
  const bounds = [begin.value, end.value, moved, ...steps.map(({ value }) => value)];
  return graph.node('Slice', [first(operands), ...bounds]);
};

const expand: StackingRule = (graph, node, operands, count) => {
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

const rules: Readonly<Record<string, StackingRule>> = {
  ...Object.fromEntries(elementwiseOperators.map((name) => [name, elementwise])),
  Reshape: reshape,
  Transpose: transpose,
  ReduceSum: reduceSum,
  Slice: slice,
  Expand: expand,
};

/** The operands of these after the first say how, and must be constants. */
const needsConstants = new Set(['Reshape', 'ReduceSum', 'Slice', 'Expand']);

/** The rule of a node; undefined where it cannot be stacked. */
export function stackingRule(node: Node): StackingRule | undefined {
  const name = qualifiedName(node);
  const rule = rules[name];
  const [head, ...settings] = node.inputs;
  if (!rule || !head || node.outputs.length !== 1) return undefined;
  // Of numbers only: not every device joins truth values.
  if (name === 'Cast' && !floatTypes.includes(head.type.dtype)) return undefined;
  const known = needsConstants.has(name)
    ? settings.every((value) => value?.source.kind === 'constant')
    : node.inputs.every((value) => value !== null);
  // Without axes a Slice or a sum means all of them; such a node would take the stack in.
  const explicit = name === 'Slice' ? settings.length >= 3 : name !== 'ReduceSum' || settings.length === 1;
  return known && explicit && (name !== 'Transpose' || node.attributes.perm) ? rule : undefined;
}

/** Values as one, with a dimension in front: [count, …]. */
export function stack(graph: Builder, values: readonly Value[]): Value {
  const [head] = values as [Value];
  const shape = shapeOf(head);
  // Along the first axis, which takes no reshaping of each.
  const parts =
    shape.length > 0 ? values : values.map((value) => graph.node('Reshape', [value, graph.ints([1])]));
  const joined = parts.length > 1 ? graph.node('Concat', parts, { axis: 0 }) : (parts[0] as Value);
  return reshaped(graph, joined, [values.length, ...shape]);
}

/** The entries of a stacked value, as many values. */
export function unstack(graph: Builder, value: Value): readonly Value[] {
  const [count = 1, ...shape] = shapeOf(value);
  const [rows = 1, ...rest] = shape;
  const flat = reshaped(graph, value, [count * rows, ...rest]);
  const sizes = graph.ints(Array<number>(count).fill(rows));
  const parts = count > 1 ? graph.nodes('Split', [flat, sizes], { axis: 0 }, count) : [flat];
  return parts.map((part) => reshaped(graph, part, shape));
}
