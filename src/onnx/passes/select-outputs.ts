/**
 * Keeps some outputs of a graph. Nodes hang on the outputs that need them, so this is the whole of dead-code
 * elimination: what no remaining output needs is not in the graph any more.
 */

import { type Graph, graphNodes, type Value } from '../ir.ts';

/**
 * The graph with only the named outputs, in the order of the names, and only the inputs that they read.
 *
 * @throws Error where an output does not exist
 */
export function selectOutputs(graph: Graph, names: readonly string[]): Graph {
  const outputs = names.map((name) => {
    const output = graph.outputs.find((candidate) => candidate.name === name);
    if (output) return output;
    const known = graph.outputs.map((candidate) => candidate.name).join(', ');
    throw new Error(`${graph.name} has no output ${name}; it has ${known}`);
  });
  const selected: Graph = { ...graph, outputs };
  const read = new Set<Value | null>(outputs.map((output) => output.value));
  for (const node of graphNodes(selected)) for (const value of node.inputs) read.add(value);
  return { ...selected, inputs: graph.inputs.filter((value) => read.has(value)) };
}
