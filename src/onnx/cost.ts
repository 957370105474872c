/** What a graph costs: its multiply–accumulates. */
import { elementCount, type Graph, graphNodes, type Node, type Value } from './ir.ts';

const known = (value: Value | null | undefined): number => (value ? elementCount(value.type) : 0);

const sizeAt = (value: Value | null | undefined, axis: number): number =>
  Number(value?.type.shape.at(axis) ?? 1);

/** Multiply–accumulates of one node, by operator; other operators are not counted. */
const macs: Readonly<Record<string, (node: Node) => number>> = {
  // Each output element sums over the filter's [I/group, kh, kw].
  Conv: ({ inputs: [, filter], outputs: [y] }) => (known(y) * known(filter)) / sizeAt(filter, 0),
  // Each input element is spread over the filter's [O/group, kh, kw].
  ConvTranspose: ({ inputs: [x, filter] }) => (known(x) * known(filter)) / sizeAt(filter, 0),
  MatMul: ({ inputs: [a], outputs: [y] }) => known(y) * sizeAt(a, -1),
  Gemm: ({ inputs: [a], outputs: [y], attributes }) => known(y) * sizeAt(a, attributes.transA ? 0 : -1),
};

/** Multiply–accumulates of all convolutions and matrix products. All dimensions must be numbers. */
export const countMacs = (graph: Graph): number =>
  graphNodes(graph).reduce((sum, node) => sum + (macs[node.op]?.(node) ?? 0), 0);
