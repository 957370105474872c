/** The rules that every graph keeps. They are checked before a model is exported, and after tracing and every pass in the tests. */

import { typedArrays } from './data-types.ts';
import {
  bodiesOf,
  elementCount,
  exemplars,
  type Graph,
  graphNodes,
  type Node,
  type TensorType,
  type Value,
} from './ir.ts';
import { formatType, inferTypes, isOperatorName, operators, qualifiedName } from './operators.ts';
import { probeSizes, type Sizes, symbolsOf, typeAt } from './symbols.ts';

/** The lowest opset that a file declares: the one since which ReduceSum's axes and Split's sizes are inputs. */
const lowestOpset = 13;

/** The version of the standard domain that the graph's operators need, at least 13. */
export const requiredOpset = (graph: Graph): number =>
  exemplars(graph).reduce((opset, node) => {
    const name = qualifiedName(node);
    return node.domain === '' && isOperatorName(name) ? Math.max(opset, operators[name].since) : opset;
  }, lowestOpset);

const describe = (node: Node): string => {
  const types = node.inputs.map((value) => (value ? formatType(value.type) : 'nothing')).join(', ');
  return `node ${node.id}, ${qualifiedName(node)}(${types})${node.scope === '' ? '' : ` at ${node.scope}`}`;
};

function requireUnique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === '') throw new Error(`${what} has no name`);
    if (seen.has(name)) throw new Error(`two ${what}s are named ${name}`);
    seen.add(name);
  }
}

/** A constant's data must be of the type's kind and length. */
function verifyConstant(value: Value): void {
  const { source, type } = value;
  if (source.kind !== 'constant') return;
  const label = `the constant ${formatType(type)}`;
  if (type.dtype === 'string') throw new Error(`${label} holds strings, which constants here cannot`);
  const expected = typedArrays[type.dtype];
  if (!(source.data instanceof expected)) {
    throw new Error(`${label} is kept in ${source.data.constructor.name}, expected ${expected.name}`);
  }
  if (source.data.length !== elementCount(type)) {
    throw new Error(`${label} has ${source.data.length} elements, expected ${elementCount(type)}`);
  }
}

/** The value with its named dimensions at some size, so that shapes can be inferred. */
const valueAt = (value: Value | null, sizes: Sizes): Value | null =>
  value?.type.shape.some((dimension) => typeof dimension === 'string')
    ? { ...value, type: typeAt(value.type, sizes) }
    : value;

function verifyNode(node: Node, sizes: Sizes): void {
  const name = qualifiedName(node);
  if (!isOperatorName(name)) throw new Error('the operator is not in the table');
  const inputs = node.inputs.map((value) => valueAt(value, sizes));
  const inferred = inferTypes(name, inputs, node.attributes, node.outputs.length);
  const same = (type: TensorType, index: number): boolean => {
    const output = node.outputs[index];
    return output !== undefined && formatType(typeAt(output.type, sizes)) === formatType(type);
  };
  if (!inferred.every(same)) {
    const found = node.outputs.map((output) => formatType(output.type)).join(', ');
    throw new Error(`the outputs are ${found}, expected ${inferred.map(formatType).join(', ')}`);
  }
}

function verifyReads(node: Node, declared: ReadonlySet<Value>): void {
  node.inputs.forEach((value, index) => {
    if (value?.source.kind === 'constant') verifyConstant(value);
    if (value?.source.kind === 'input' && !declared.has(value)) {
      throw new Error(`it reads the input ${value.source.name}, which the graph does not declare`);
    }
    if (value?.source.kind === 'node' && value.source.node.id >= node.id) {
      throw new Error(`input ${index} comes from the later node ${value.source.node.id}`);
    }
    if (value?.source.kind === 'node' && value.source.node.outputs[value.source.index] !== value) {
      throw new Error(`input ${index} is not an output of the node that it names`);
    }
  });
}

/**
 * Checks a graph: unique names, declared inputs, known operators and attributes, arity, dtypes and shapes as the
 * operator table infers them, the order of nodes, the data of constants. Named dimensions are tried at one size.
 *
 * @throws Error naming the first violation and its node
 */
export function verify(graph: Graph): void {
  const declared = new Set(graph.inputs);
  const inputNames = graph.inputs.map(({ source }) => {
    if (source.kind !== 'input') throw new Error(`a ${source.kind} is declared as an input of ${graph.name}`);
    return source.name;
  });
  requireUnique(inputNames, 'input');
  requireUnique(
    graph.outputs.map((output) => output.name),
    'output',
  );
  for (const { name, value } of graph.outputs) {
    verifyConstant(value);
    if (value.source.kind === 'input' && !declared.has(value)) {
      throw new Error(
        `the output ${name} is the input ${value.source.name}, which the graph does not declare`,
      );
    }
  }
  const [sizes] = probeSizes(symbolsOf(graph.inputs.map((value) => value.type)));
  for (const node of graphNodes(graph)) {
    try {
      verifyReads(node, declared);
      verifyNode(node, sizes);
      for (const body of bodiesOf(node)) verify(body);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${graph.name}: ${describe(node)}: ${reason}`, { cause: error });
    }
  }
}
