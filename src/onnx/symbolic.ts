/**
 * Named dimensions out of known ones: the same function traced at two sizes gives two graphs that differ
 * exactly where they depend on the size. There the dimension becomes symbolic, and the constants that carry it
 * become ones that leave it open.
 */

import { messageOf } from '../errors.ts';
import { type Builder, createBuilder } from './build.ts';
import { grownAlong, shrunkAlong } from './grown-constant.ts';
import {
  createNode,
  type Dimension,
  type Graph,
  graphNodes,
  inputValue,
  type Node,
  nodesOf,
  type TensorType,
  type Value,
} from './ir.ts';
import { attributesKey, sameElements } from './keys.ts';
import { openConstant } from './openings.ts';
import { ensure } from './operators/shapes.ts';
import { formatType, qualifiedName } from './operators.ts';
import { knownShape } from './shapes.ts';
import { type Sizes, symbolicDimension } from './symbols.ts';

export { probeSizes } from './symbols.ts';

/** What is known while two graphs are walked side by side. */
interface Unification {
  readonly sizesA: Sizes;
  readonly sizesB: Sizes;
  /** The unified value of each value of the first graph. */
  readonly unified: Map<Value, Value>;
  /** The value of the first graph that each value of the second one corresponds to. */
  readonly partners: Map<Value, Value>;
  /** The inputs of both graphs, those that correspond together. */
  readonly inputs: (readonly [a: Value, b: Value])[];
  /** Shares the constants that are made anew. */
  readonly builder: Builder;
}

/** The type of two types that are equal but for multiples of the named sizes. */
function unifyType(a: TensorType, b: TensorType, { sizesA, sizesB }: Unification): TensorType {
  const differs = (): string => `${formatType(a)} at one size is ${formatType(b)} at another`;
  ensure(a.dtype === b.dtype && a.shape.length === b.shape.length, differs);
  const shape = a.shape.map((dimension, axis) => {
    const other = b.shape[axis];
    if (dimension === other) return dimension;
    ensure(typeof dimension === 'number' && typeof other === 'number', differs);
    const multiples = Object.entries(sizesA).flatMap(([symbol, size]) => {
      const factor = dimension / size;
      return Number.isInteger(factor) && factor * (sizesB[symbol] ?? 0) === other
        ? [symbolicDimension(factor, symbol)]
        : [];
    });
    const [open] = multiples;
    ensure(open !== undefined && multiples.length === 1, differs);
    return open;
  });
  return { dtype: a.dtype, shape };
}

function pair(a: Value, b: Value | undefined, result: Value, { unified, partners }: Unification): void {
  unified.set(a, result);
  if (b) partners.set(b, a);
}

/** A function may make one of the size (`tf.range(0, n)`), or draw it at random each time it is traced. */
const differing =
  'a constant that differs with the size: make it of an input, such as tf.mul(tf.slice(x, …), 0), and draw nothing at random';

/** Whether two constants are of one type and hold the same elements. */
const sameConstants = (a: Value, b: Value): boolean =>
  a.source.kind === 'constant' &&
  b.source.kind === 'constant' &&
  formatType(a.type) === formatType(b.type) &&
  sameElements(a.source.data, b.source.data);

/** An axis that corresponding inputs of the two graphs have in these lengths. */
function axisOfLengths(
  a: Dimension | undefined,
  b: Dimension | undefined,
  { inputs }: Unification,
): { readonly inputs: readonly [Value, Value]; readonly axis: number } | undefined {
  for (const [inputA, inputB] of inputs) {
    const axis = inputA.type.shape.findIndex((length, at) => length === a && inputB.type.shape[at] === b);
    if (axis >= 0) return { inputs: [inputA, inputB], axis };
  }
  return undefined;
}

type Pair = readonly [a: Value, b: Value];

const differingAxes = ([a, b]: Pair): readonly number[] =>
  [...a.type.shape.keys()].filter((axis) => a.type.shape[axis] !== b.type.shape[axis]);

/** Two values as one that is as long as others along the axes in which those differ; undefined where no input is. */
function unifyGrown(values: Pair, others: Pair, state: Unification): Value | undefined {
  const grow = (side: 0 | 1): Value | undefined =>
    differingAxes(others).reduce<Value | undefined>((value, axis) => {
      const [a, b] = others.map(({ type }) => type.shape[axis]);
      const like = axisOfLengths(a, b, state);
      return value && like && grownAlong(state.builder, value, axis, like.inputs[side], like.axis);
    }, values[side]);
  const [a, b] = [grow(0), grow(1)];
  if (!a || !b) return undefined;
  const nodesB = nodesOf([b]);
  nodesOf([a]).forEach((node, position) => {
    if (!node.outputs.every((output) => state.unified.has(output))) unifyNode(node, nodesB[position], state);
  });
  return unifyValue(a, b, state);
}

/** Two constants that are the same but for lengths that inputs have. */
function unifyGrownConstants(a: Value, b: Value, state: Unification): Value | undefined {
  if (state.partners.get(b) === a) return state.unified.get(a);
  const axes = differingAxes([a, b]);
  const [core, coreB] = [shrunkAlong(a, axes), shrunkAlong(b, axes)];
  if (axes.length === 0 || !core || !coreB || !sameConstants(core, coreB)) return undefined;
  const value = unifyGrown([core, core], [a, b], state);
  if (value) pair(a, b, value, state);
  return value;
}

/** The unified value of two values that correspond. Constants must be equal, or grow with an input. */
function unifyValue(a: Value, b: Value | null | undefined, state: Unification): Value {
  if (a.source.kind === 'constant') {
    ensure(b?.source.kind === 'constant' && a.type.dtype === b.type.dtype, () => 'the constants differ');
    const value = sameConstants(a, b) ? a : unifyGrownConstants(a, b, state);
    ensure(value !== undefined, () => `it is ${differing}`);
    return value;
  }
  const known = state.unified.get(a);
  ensure(!!b && known !== undefined && state.partners.get(b) === a, () => 'the inputs differ');
  return known;
}

/** The unified input of two nodes. A constant that differs may be one that can be written for every size. */
function unifyInput(nodes: readonly [Node, Node], index: number, state: Unification): Value | null {
  const [a, b] = nodes.map((node) => node.inputs[index]);
  if (!a) {
    ensure(!b, () => 'the inputs differ');
    return null;
  }
  if (a.source.kind === 'constant' && b?.source.kind === 'constant') {
    const open = sameConstants(a, b) ? undefined : openConstant(nodes, index, a.source.data, b.source.data);
    if (open) return state.builder.constant(open, a.type);
  }
  return unifyValue(a, b, state);
}

function unifyNode(a: Node, b: Node | undefined, state: Unification): void {
  ensure(b !== undefined, () => 'it is missing at another size');
  ensure(qualifiedName(a) === qualifiedName(b), () => `it is ${placeOf(b)} at another size`);
  ensure(
    a.attributes === b.attributes || attributesKey(a.attributes) === attributesKey(b.attributes),
    () => 'the attributes differ',
  );
  ensure(a.inputs.length === b.inputs.length, () => 'the inputs differ');
  ensure(a.outputs.length === b.outputs.length, () => 'the outputs differ');
  const isGrown = a.op === 'Expand' && a.inputs[1] && b.inputs[1] && !sameConstants(a.inputs[1], b.inputs[1]);
  if (isGrown && unifyExpand(a, b, state)) return;
  const types = a.outputs.map(({ type }, index) => unifyType(type, b.outputs[index]?.type ?? type, state));
  const inputs = a.inputs.map((_, index) => unifyInput([a, b], index, state));
  createNode({ ...a, inputs }, types).outputs.forEach((value, index) => {
    pair(a.outputs[index] ?? value, b.outputs[index], value, state);
  });
}

/** What is expanded to a length that an input has (`tf.fill([n, 3], 1)`) is grown by that input. */
function unifyExpand(a: Node, b: Node, state: Unification): boolean {
  const [[outputA], [outputB]] = [a.outputs, b.outputs];
  if (!outputA || !outputB) return false;
  const outputs: Pair = [outputA, outputB];
  const axes = differingAxes(outputs);
  const fewer = ({ inputs }: Node, { type }: Value): Value => {
    const shape = knownShape(type.shape).map((length, axis) => (axes.includes(axis) ? 1 : length));
    return state.builder.node('Expand', [inputs[0] ?? null, state.builder.ints(shape)]);
  };
  const value = unifyGrown([fewer(a, outputA), fewer(b, outputB)], outputs, state);
  if (value) pair(outputA, outputB, value, state);
  return value !== undefined;
}

const placeOf = (node: Node): string => (node.scope === '' ? node.op : `${node.scope}/${node.op}`);

const inputName = ({ source }: Value): string => (source.kind === 'input' ? source.name : '');

/**
 * The graph with open dimensions that both graphs are instances of.
 *
 * @param a the graph traced at `sizesA`
 * @param b the same function traced at `sizesB` and passed through the same passes
 * @param sizesA the size of each named dimension in `a`; the ratios to `sizesB` tell the dimensions apart
 * @throws Error naming the node, where the graphs differ in a way that one ONNX graph cannot express
 */
export function unifySymbolic(a: Graph, b: Graph, sizesA: Sizes, sizesB: Sizes): Graph {
  const state: Unification = {
    ...{ sizesA, sizesB, inputs: [], unified: new Map(), partners: new Map() },
    builder: createBuilder(),
  };

  const at = <T>(place: string, unify: () => T): T => {
    try {
      return unify();
    } catch (error) {
      const symbols = Object.keys(sizesA).join(', ');
      throw new Error(
        `the function's result depends on the size of ${symbols} at ${place} in a way that ONNX cannot express here: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };

  const inputs = a.inputs.map((input, index) =>
    at(`the input ${inputName(input)}`, () => {
      const other = b.inputs[index];
      ensure(other !== undefined && inputName(other) === inputName(input), () => 'the inputs differ');
      const value = inputValue(inputName(input), unifyType(input.type, other.type, state));
      pair(input, other, value, state);
      state.inputs.push([input, other]);
      return value;
    }),
  );
  at('its inputs and outputs', () =>
    ensure(
      a.inputs.length === b.inputs.length && a.outputs.length === b.outputs.length,
      () => 'their numbers differ',
    ),
  );
  const [nodesA, nodesB] = [graphNodes(a), graphNodes(b)];
  nodesA.forEach((node, position) => {
    at(placeOf(node), () => unifyNode(node, nodesB[position], state));
  });
  const outputs = a.outputs.map(({ name, value }, index) => ({
    name,
    value: at(`the output ${name}`, () => unifyValue(value, b.outputs[index]?.value, state)),
  }));
  return { name: a.name, inputs, outputs };
}
