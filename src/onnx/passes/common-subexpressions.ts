/** Computes what is computed twice only once, and keeps equal constants once. */

import type { Node, TensorData, Value } from '../ir.ts';
import { attributesKey, smallConstantKey } from '../keys.ts';
import { formatType, type Inputs, qualifiedName } from '../operators.ts';
import { type ConstantRule, type NodeRule, type Pass, rewrite } from './rewrite.ts';

/** Numbers objects in the order in which they are first seen. */
function numbering<T extends object>(): (item: T) => number {
  const numbers = new Map<T, number>();
  return (item) => {
    const known = numbers.get(item);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(item, number);
    return number;
  };
}

/** For one graph: what merges its nodes, and its constants. */
export function merging(): { readonly mergeNode: NodeRule; readonly mergeConstant: ConstantRule } {
  const valueNumber = numbering<Value>();
  const dataNumber = numbering<TensorData>();
  const constants = new Map<string, Value>();
  const seen = new Map<string, Node>();

  const constantKey = (value: Value, data: TensorData): string =>
    smallConstantKey(data, value.type) ?? `${formatType(value.type)}#${dataNumber(data)}`;

  const nodeKey = (node: Node, inputs: Inputs): string => {
    const operands = inputs.map((value) => (value ? valueNumber(value) : '_')).join(',');
    return `${qualifiedName(node)}(${operands})${node.outputs.length}{${attributesKey(node.attributes)}}`;
  };

  return {
    mergeNode: (node, inputs) => {
      const key = nodeKey(node, inputs);
      const known = seen.get(key);
      if (known) return known.outputs;
      seen.set(key, node);
      return undefined;
    },
    mergeConstant: (value) => {
      if (value.source.kind !== 'constant') return value;
      const key = constantKey(value, value.source.data);
      const known = constants.get(key) ?? value;
      constants.set(key, known);
      return known;
    },
  };
}

/**
 * Merges nodes with equal operator, attributes and inputs, and equal constants: small ones by content, large
 * ones by the identity of their data.
 */
export const commonSubexpressions: Pass = (graph) => {
  const { mergeNode, mergeConstant } = merging();
  return rewrite(graph, mergeNode, mergeConstant);
};
