/**
 * Constants that are as long as a named dimension, such as `tf.zeros([n, 3])`: what is the same all along an axis is
 * one element of it, repeated along an input's axis of that name. Where(c, x, x) is x, broadcast to the shape of c.
 */

import type { Builder } from './build.ts';
import { constantValue, type TensorData, type Value } from './ir.ts';
import { knownShape, sizeOf } from './shapes.ts';

/** A constant and its elements. */
interface Constant {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/** The constant with a length of 1 along an axis; undefined where its elements differ along it. */
function shrunk({ data, shape }: Constant, axis: number): Constant | undefined {
  const length = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  const first = (index: number): number => index - inner * (Math.floor(index / inner) % length);
  for (let index = 0; index < data.length; index++) {
    if (!Object.is(data[index], data[first(index)])) return undefined;
  }
  const kept = [...data.keys()].filter((index) => first(index) === index);
  const elements = data.slice(0, kept.length);
  kept.forEach((from, to) => {
    elements[to] = data[from] as never;
  });
  return { data: elements, shape: shape.with(axis, 1) };
}

/** The constant with a length of 1 along some axes; undefined where its elements differ along one of them. */
export function shrunkAlong({ source, type }: Value, axes: readonly number[]): Value | undefined {
  if (source.kind !== 'constant') return undefined;
  const all: Constant = { data: source.data, shape: knownShape(type.shape) };
  const core = axes.reduce<Constant | undefined>((constant, axis) => constant && shrunk(constant, axis), all);
  return core && constantValue(core.data, { dtype: type.dtype, shape: core.shape });
}

/** A value of length 1 along an axis, repeated along it as often as the input is long along one of its axes. */
export function grownAlong(
  graph: Builder,
  value: Value,
  axis: number,
  input: Value,
  inputAxis: number,
): Value {
  const others = [...input.type.shape.keys()].filter((other) => other !== inputAxis);
  const bounds = [0, 1].map((bound) => graph.ints(others.map(() => bound)));
  const row = others.length === 0 ? input : graph.node('Slice', [input, ...bounds, graph.ints(others)]);
  const lengths = value.type.shape.map((_, other) => (other === axis ? -1 : 1));
  const along = graph.node('Reshape', [row, graph.ints(lengths)]);
  // Of NaN it is false, which is as good: both branches are the value.
  return graph.node('Where', [graph.node('Equal', [along, along]), value, value]);
}
