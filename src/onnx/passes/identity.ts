/** Removes nodes that give back what they are given, and joins Casts, Reshapes and Transposes that follow one another. */

import type { Node, Value } from '../ir.ts';
import { formatType, type Inputs, qualifiedName } from '../operators.ts';
import { numbersOf } from './constants.ts';
import { type Pass, producerOf, rebuilt, rewrite } from './rewrite.ts';

/** Whether an optional input is absent or a constant all of whose elements are the given number. */
const absentOrAll = (value: Value | null | undefined, number: number): boolean =>
  !value || (numbersOf(value)?.every((element) => element === number) ?? false);

const keepsType = (node: Node, inputs: Inputs): boolean => {
  const [input] = inputs;
  const [output] = node.outputs;
  return !!input && !!output && formatType(input.type) === formatType(output.type);
};

const hasOneInput = (_: Node, inputs: Inputs): boolean => inputs.length === 1;

/** When a node's only output is its first input, by operator. */
const gives: Readonly<Record<string, (node: Node, inputs: Inputs) => boolean>> = {
  Identity: () => true,
  Cast: keepsType,
  Reshape: keepsType,
  Flatten: keepsType,
  Squeeze: keepsType,
  Expand: keepsType,
  Tile: keepsType,
  Slice: (node, inputs) => keepsType(node, inputs) && absentOrAll(inputs[4], 1),
  Pad: (_, inputs) => absentOrAll(inputs[1], 0),
  Split: (node) => node.outputs.length === 1,
  Concat: hasOneInput,
  Sum: hasOneInput,
  Mean: hasOneInput,
  Max: hasOneInput,
  Min: hasOneInput,
};

/** Reshape of Reshape: the second alone, unless it copies dimensions (0) from what the first one made. */
function joinReshapes(node: Node, [input, shape]: Inputs): Value | undefined {
  const before = producerOf(input)?.inputs[0];
  if (!before || !shape || numbersOf(shape)?.includes(0) !== false) return undefined;
  const [output] = node.outputs;
  if (output && formatType(output.type) === formatType(before.type)) return before;
  return rebuilt(node, [before, shape])[0];
}

/** The permutation of a Transpose; it reverses the axes unless told otherwise. */
function permutation({ attributes: { perm }, outputs: [output] }: Node): readonly number[] {
  const isList = (attribute: typeof perm): attribute is readonly number[] => Array.isArray(attribute);
  return isList(perm) ? perm : [...(output?.type.shape.keys() ?? [])].reverse();
}

const keepsOrder = (perm: readonly number[]): boolean => perm.every((axis, index) => axis === index);

/** Transpose of Transpose: one with both permutations, or none where they cancel. */
function joinTransposes(node: Node, [input]: Inputs): Value | undefined {
  const second = permutation(node);
  if (input && keepsOrder(second)) return input;
  const inner = producerOf(input);
  const before = inner?.op === 'Transpose' ? inner.inputs[0] : undefined;
  if (!inner || !before) return undefined;
  const first = permutation(inner);
  const perm = second.map((axis) => first[axis] ?? 0);
  return keepsOrder(perm) ? before : rebuilt(node, [before], { perm })[0];
}

/**
 * Cast of Cast, where nothing can be lost on the way: truth values are 0 and 1 in every type. (onnxruntime joins them, too, and
 * then checks the whole graph a second time.)
 */
function joinCasts(node: Node, [input]: Inputs): Value | undefined {
  const inner = producerOf(input);
  const before = inner?.op === 'Cast' ? inner.inputs[0] : undefined;
  if (before?.type.dtype !== 'bool') return undefined;
  return node.outputs[0]?.type.dtype === 'bool' ? before : rebuilt(node, [before])[0];
}

const joins: Readonly<Record<string, (node: Node, inputs: Inputs) => Value | undefined>> = {
  Cast: joinCasts,
  Reshape: (node, inputs) =>
    producerOf(inputs[0])?.op === 'Reshape' ? joinReshapes(node, inputs) : undefined,
  Transpose: joinTransposes,
};

/** Removes what does nothing: Identity, Cast and Reshape to the same type, empty Slices and Pads, cancelling Transposes. */
export const identity: Pass = (graph) =>
  rewrite(graph, (node, inputs) => {
    const name = qualifiedName(node);
    const [input] = inputs;
    if (input && gives[name]?.(node, inputs)) return [input];
    const joined = joins[name]?.(node, inputs);
    return joined ? [joined] : undefined;
  });
