/** How an int64 constant that depends on a named size is written so that it holds for every size. */

import type { Node, TensorData, Value } from './ir.ts';
import { qualifiedName } from './operators.ts';

/** The greatest int64: "to the end, however long" as the end of a Slice. */
const toTheEnd = 2n ** 63n - 1n;

/** An input that one node reads as a constant, and that differs between the graphs of two sizes. */
export interface Difference {
  readonly nodes: readonly [a: Node, b: Node];
  readonly index: number;
  readonly a: BigInt64Array;
  readonly b: BigInt64Array;
}

const dimensionAt = (node: Node, axis: number): bigint | undefined => {
  const dimension = node.inputs[0]?.type.shape.at(axis);
  return typeof dimension === 'number' ? BigInt(dimension) : undefined;
};

/**
 * The one dimension of a new shape that differs is left to the runtime, −1. Of several, those that the data has in
 * the same place are copied from there, 0.
 */
function openShape({ nodes: [nodeA, nodeB], a, b }: Difference): BigInt64Array | undefined {
  const places = [...a.keys()].filter((place) => a[place] !== b[place]);
  const copied = (place: number): boolean =>
    a[place] === dimensionAt(nodeA, place) && b[place] === dimensionAt(nodeB, place);
  const [inferred = places[0], ...more] = places.filter((place) => !copied(place));
  if (inferred === undefined || more.length > 0 || a.includes(-1n)) return undefined;
  return a.map((size, place) => (place === inferred ? -1n : places.includes(place) ? 0n : size));
}

const elementAt = (value: Value | null | undefined, place: number): bigint | undefined =>
  value?.source.kind === 'constant' && value.source.data instanceof BigInt64Array
    ? value.source.data[place]
    : undefined;

/** The ends of a Slice may differ where they are the ends of their axes and the steps go forwards. */
function openEnds({ nodes: [node], index, a, b }: Difference): BigInt64Array | undefined {
  const [, , , axes, steps] = node.inputs;
  if (index !== 2) return undefined;
  const open = a.map((end, place) => {
    const axis = Number(elementAt(axes, place) ?? place);
    const forwards = (elementAt(steps, place) ?? 1n) > 0n;
    return end !== b[place] && forwards && end === dimensionAt(node, axis) ? toTheEnd : end;
  });
  return open.every((end, place) => end === b[place] || end === toTheEnd) ? open : undefined;
}

const openings: Readonly<Record<string, (difference: Difference) => BigInt64Array | undefined>> = {
  Reshape: openShape,
  Slice: openEnds,
};

/** A constant that holds at every size, for two that differ; undefined where there is none. */
export function openConstant(
  nodes: Difference['nodes'],
  index: number,
  a: TensorData,
  b: TensorData,
): BigInt64Array | undefined {
  if (!(a instanceof BigInt64Array) || !(b instanceof BigInt64Array) || a.length !== b.length)
    return undefined;
  return openings[qualifiedName(nodes[0])]?.({ nodes, index, a, b });
}
