/** Removes nodes that give back what they are given, and joins Casts, Reshapes and Transposes that follow one another. */

import { type Node, producerOf, type Value } from '../ir.ts';
import { formatType, type Inputs, qualifiedName } from '../operators.ts';
import { numbersOf } from './constants.ts';
import { type NodeRule, type Pass, rebuilt, rewrite } from './rewrite.ts';

/** Whether an optional input is absent or a constant all of whose elements are the given number. */
const absentOrAll = (value: Value | null | undefined, number: number): boolean =>
  !value || (numbersOf(value)?.every((element) => element === number) ?? false);

const keepsType = (node: Node, inputs: Inputs): boolean => {
  const [input] = inputs;
  const [output] = node.outputs;
  return !!input && !!output && formatType(input.type) === formatType(output.type);
};

/** The permutation of a Transpose; it reverses the axes unless told otherwise. */
function permutation({ attributes: { perm }, outputs: [output] }: Node): readonly number[] {
  const isList = (attribute: typeof perm): attribute is readonly number[] => Array.isArray(attribute);
  return isList(perm) ? perm : [...(output?.type.shape.keys() ?? [])].reverse();
}

const keepsOrder = (perm: readonly number[]): boolean => perm.every((axis, index) => axis === index);

const hasOneInput = (_: Node, inputs: Inputs): boolean => inputs.length === 1;

/** When a node's only output is its first input, by operator. */
const gives: Readonly<Record<string, (node: Node, inputs: Inputs) => boolean>> = {
  Identity: () => true,
  Cast: keepsType,
  Reshape: keepsType,
  Transpose: (node) => keepsOrder(permutation(node)),
  Flatten: keepsType,
  Expand: keepsType,
  Tile: keepsType,
  Slice: (node, inputs) => keepsType(node, inputs) && absentOrAll(inputs[4], 1),
  Pad: (_, inputs) => absentOrAll(inputs[1], 0),
  Split: (node) => node.outputs.length === 1,
  Concat: hasOneInput,
  Max: hasOneInput,
  Min: hasOneInput,
};

/** What joins a node with one of its operator before it, whose first operand is `before`; undefined where it cannot. */
type Join = (node: Node, inner: Node, before: Value, inputs: Inputs) => Value | undefined;

/** The node over another operand, or that operand where it is already what the node makes. */
const over = (node: Node, before: Value, ...rest: Inputs): Value | undefined =>
  keepsType(node, [before]) ? before : rebuilt(node, [before, ...rest])[0];

/** Reshape of Reshape: the second alone, unless it copies dimensions (0) from what the first one made. */
const joinReshapes: Join = (node, _, before, [, shape]) =>
  shape && numbersOf(shape)?.includes(0) === false ? over(node, before, shape) : undefined;

/** Transpose of Transpose: one with both permutations, or none where they cancel. */
const joinTransposes: Join = (node, inner, before) => {
  const first = permutation(inner);
  const perm = permutation(node).map((axis) => first[axis] ?? 0);
  return keepsOrder(perm) ? before : rebuilt(node, [before], { perm })[0];
};

/**
 * Cast of Cast, where nothing can be lost on the way: truth values are 0 and 1 in every type. (onnxruntime joins them, too,
 * and then checks the whole graph a second time.)
 */
const joinCasts: Join = (node, _, before) => (before.type.dtype === 'bool' ? over(node, before) : undefined);

const joins: Readonly<Record<string, Join>> = {
  Cast: joinCasts,
  Reshape: joinReshapes,
  Transpose: joinTransposes,
};

/** What stands for a node that does nothing, or only continues what the one before it does. */
export const withoutIdentity: NodeRule = (node, inputs) => {
  const name = qualifiedName(node);
  const [input] = inputs;
  if (input && gives[name]?.(node, inputs)) return [input];
  const join = joins[name];
  if (!join) return undefined;
  const inner = producerOf(input);
  const before = inner?.inputs[0];
  if (!before || qualifiedName(inner) !== name) return undefined;
  const joined = join(node, inner, before, inputs);
  return joined && [joined];
};

/** Removes what does nothing: Identity, Cast and Reshape to the same type, empty Slices and Pads, cancelling Transposes. */
export const identity: Pass = (graph) => rewrite(graph, withoutIdentity);
