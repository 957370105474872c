/** The one way in which passes change a graph: from the inputs on, node by node, each replaced or kept. */

import { createNode, type Graph, graphNodes, type Node, type Value } from '../ir.ts';
import type { Inputs } from '../operators.ts';

/** A pass: a graph in, an equivalent one out. The graph that goes in is not changed. */
export type Pass = (graph: Graph) => Graph;

/**
 * What stands for a node's outputs from now on: as many values as it has outputs; undefined keeps the node.
 * `node` is as it was (its inputs are values of the graph before), `inputs` are what it reads now. A value of the
 * graph before stands for what it has become.
 */
export type NodeRule = (node: Node, inputs: Inputs) => readonly Value[] | undefined;

/** What stands for a constant from now on. */
export type ConstantRule = (constant: Value) => Value;

/**
 * The graph with every node put through a rule, in order; the graph itself where nothing changes. Up to the first change the nodes are the old ones; from
 * there on all are created anew, so that the order of the graph stays the order of the program.
 */
export function rewrite(
  graph: Graph,
  rule: NodeRule,
  constantRule: ConstantRule = (constant) => constant,
): Graph {
  const constants = new Map<Value, Value>();
  /** What stands for the outputs of a node, by its number. */
  const replaced = new Map<number, readonly Value[]>();
  const current = (value: Value): Value => {
    const { source } = value;
    if (source.kind === 'node') return replaced.get(source.node.id)?.[source.index] ?? value;
    if (source.kind === 'input') return value;
    const constant = constants.get(value) ?? constantRule(value);
    constants.set(value, constant);
    return constant;
  };

  let changed = false;
  for (const node of graphNodes(graph)) {
    const inputs = node.inputs.map((value) => value && current(value));
    const replacement = rule(node, inputs);
    changed ||= replacement !== undefined || inputs.some((value, index) => value !== node.inputs[index]);
    if (!changed) continue;
    const outputs = replacement?.map(current) ?? rebuilt(node, inputs);
    if (outputs.length < node.outputs.length) {
      throw new Error(`a pass replaced ${node.op} by ${outputs.length} values`);
    }
    replaced.set(node.id, outputs);
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: current(value) }));
  const same = outputs.every(({ value }, index) => value === graph.outputs[index]?.value);
  return changed || !same ? { ...graph, outputs } : graph;
}

/** The outputs of a node like another one, of the same types, that reads something else. */
export function rebuilt(node: Node, inputs: Inputs, attributes = node.attributes): readonly Value[] {
  // Not `...node`: V8 takes some microseconds for a spread with more behind it, and there are 100,000 nodes.
  const { op, domain, scope, outputs } = node;
  const types = outputs.map((value) => value.type);
  return createNode({ op, domain, inputs, attributes, scope }, types).outputs;
}

/** How often each value is read, by nodes and as an output of the graph. */
export function readCounts(graph: Graph): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>();
  const count = (value: Value | null): void => {
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const node of graphNodes(graph)) node.inputs.forEach(count);
  for (const output of graph.outputs) count(output.value);
  return counts;
}
