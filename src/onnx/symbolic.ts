/**
 * Named dimensions out of known ones: the same function traced at two sizes gives two graphs that differ
 * exactly where they depend on the size. There the dimension becomes symbolic, and the constants that carry it
 * become ones that leave it open.
 */

import { messageOf } from '../errors.ts';
import { type Builder, createBuilder } from './build.ts';
import {
  createNode,
  type Graph,
  graphNodes,
  inputValue,
  type Node,
  type TensorType,
  type Value,
} from './ir.ts';
import { attributesKey, sameElements } from './keys.ts';
import { openConstant } from './openings.ts';
import { ensure } from './operators/shapes.ts';
import { formatType, qualifiedName } from './operators.ts';
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
  /** Shares the constants that are made anew. */
  readonly constant: Builder['constant'];
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

/** A function may make one of the size (`tf.zeros([n, 3])`), or draw it at random each time it is traced. */
const differing =
  'a constant that differs with the size: make it of an input, such as tf.mul(tf.slice(x, …), 0), and draw nothing at random';

/** The unified value of two values that correspond; constants must be equal. */
function unifyValue(a: Value, b: Value | null | undefined, { unified, partners }: Unification): Value {
  if (a.source.kind === 'constant') {
    ensure(
      b?.source.kind === 'constant' && formatType(a.type) === formatType(b.type),
      () => 'the constants differ',
    );
    ensure(sameElements(a.source.data, b.source.data), () => `it is ${differing}`);
    return a;
  }
  const known = unified.get(a);
  ensure(!!b && known !== undefined && partners.get(b) === a, () => 'the inputs differ');
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
    if (sameElements(a.source.data, b.source.data)) return unifyValue(a, b, state);
    const open = openConstant(nodes, index, a.source.data, b.source.data);
    ensure(open !== undefined, () => `input ${index} is ${differing}`);
    return state.constant(open, a.type);
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
  const types = a.outputs.map(({ type }, index) => unifyType(type, b.outputs[index]?.type ?? type, state));
  const inputs = a.inputs.map((_, index) => unifyInput([a, b], index, state));
  createNode({ ...a, inputs }, types).outputs.forEach((value, index) => {
    pair(a.outputs[index] ?? value, b.outputs[index], value, state);
  });
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
  const { constant } = createBuilder();
  const state: Unification = { sizesA, sizesB, unified: new Map(), partners: new Map(), constant };

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
