/**
 * Mixed precision, as PyTorch's autocast chooses it (Micikevicius et al. 2018, arXiv 1710.03740): convolutions and matrix
 * products compute in float16, and so does what lies between them element by element. Everything else stays float32:
 * sums and means, batch statistics, softmax, loss, optimizer, and all inputs and outputs of the graph.
 *
 * A value is made in one type, its own, and read in either: the other one is made of it once, where it is first asked for.
 * Moving elements and casting them commute, so what only moves an input (a weight cut out of θ) is moved in float16 after
 * one cast of the whole. A node between convolutions computes in float16 where
 *
 * - something that computes in float16 reads it (a square that is only summed up keeps its digits), and
 * - all its operands of full size are float16 already; what is smaller, as the scale of a channel, is cast for it.
 */
import { toHalf } from '../../half.ts';
import { createBuilder } from '../build.ts';
import { dataTypeNumbers } from '../data-types.ts';
import {
  constantValue,
  createNode,
  graphNodes,
  type Node,
  producerOf,
  type TensorType,
  type Value,
} from '../ir.ts';
import type { Inputs } from '../operators.ts';
import { throughBranches } from './branches.ts';
import { isMask, isStep, type Precision, partOf, precisionOf, wantedInHalf } from './precision-rules.ts';
import type { Pass } from './rewrite.ts';

const typeIn = (precision: Precision, type: TensorType): TensorType =>
  type.dtype === 'float32' ? { ...type, dtype: precision } : type;

export const halfPrecision: Pass = (graph) => {
  const nodes = graphNodes(graph);
  const wanted = wantedInHalf(nodes);
  const { node: add, float } = createBuilder();
  /** What has become of the values of the graph before, in their own types. */
  const own = new Map<Value, Value>();
  const others = new Map<Value, Value>();

  // From the first change on all nodes are made anew, so that the order stays that of the program.
  let changed = false;
  const current = (value: Value): Value => own.get(value) ?? value;

  /** A new value, or an old one that nothing has changed, in a precision. */
  const inPrecision = (value: Value, precision: Precision): Value => {
    const { dtype } = value.type;
    if (dtype === precision || (dtype !== 'float32' && dtype !== 'float16')) return value;
    const known = others.get(value);
    if (known) return known;
    const made = other(value, precision);
    others.set(value, made);
    return made;
  };

  const other = (value: Value, precision: Precision): Value => {
    const { source } = value;
    if (source.kind === 'constant' && precision === 'float16') {
      const bits = Uint16Array.from(source.data as Float32Array, toHalf);
      return constantValue(bits, typeIn(precision, value.type));
    }
    const producer = producerOf(value);
    // Pieces joined are cast as one.
    const moved = producer && partOf(producer) === 'move' && producer.op !== 'Concat';
    if (precision === 'float16' && moved) {
      const outputs = remade(producer, precision, producer.inputs);
      producer.outputs.forEach((output, index) => {
        others.set(output, outputs[index] as Value);
      });
      return others.get(value) as Value;
    }
    return add('Cast', [value], { to: dataTypeNumbers[precision] });
  };

  /** A node's outputs when it computes in a precision. */
  const remade = (node: Node, precision: Precision, inputs: Inputs): readonly Value[] => {
    const operands = inputs.map((value) => value && inPrecision(value, precision));
    if (precision === 'float16' && isStep(node)) {
      const zero = inPrecision(float(0), precision);
      const positive = add('Greater', [operands[0] as Value, zero]);
      return [add('Cast', [positive], { to: dataTypeNumbers[precision] })];
    }
    if (precision === 'float16' && isMask(node)) {
      return [add('Cast', operands, { to: dataTypeNumbers[precision] })];
    }
    // What goes in and out of branches stays float32.
    const attributes = throughBranches(node.attributes, halfPrecision) ?? node.attributes;
    changed ||= attributes !== node.attributes || operands.some((value, i) => value !== node.inputs[i]);
    if (!changed) return node.outputs;
    const types = node.outputs.map(({ type }) => typeIn(precision, type));
    return createNode({ ...node, inputs: operands, attributes }, types).outputs;
  };

  for (const node of nodes) {
    const inputs = node.inputs.map((value) => value && current(value));
    const outputs = remade(node, precisionOf(node, inputs, wanted), inputs);
    node.outputs.forEach((value, index) => {
      own.set(value, outputs[index] as Value);
    });
  }
  const outputs = graph.outputs.map(({ name, value }) => ({
    name,
    value: inPrecision(current(value), 'float32'),
  }));
  return { ...graph, outputs };
};
