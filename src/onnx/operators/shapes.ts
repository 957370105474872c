/** Rules about shapes and dtypes that many operators share. */

import type { DataType } from '../ir.ts';
import { sameShape } from '../shapes.ts';
import { formatType, type KnownType } from './operator.ts';

/** A condition that the inputs must meet; the message is built only when it does not hold. */
export function ensure(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}

/** Requires one of the given dtypes. */
export function ensureDtype(type: KnownType, allowed: readonly DataType[], name: string): void {
  ensure(allowed.includes(type.dtype), () => `${name} is ${type.dtype}; expected ${allowed.join(', ')}`);
}

/** The dtype that all types have in common. */
export function commonDtype(types: readonly KnownType[]): DataType {
  const [first] = types;
  ensure(first !== undefined, () => 'there are no inputs');
  ensure(
    types.every((type) => type.dtype === first.dtype),
    () => {
      return `the inputs have different dtypes: ${types.map((type) => type.dtype).join(', ')}`;
    },
  );
  return first.dtype;
}

/** Requires a rank. */
export function ensureRank(type: KnownType, rank: number, name: string): void {
  ensure(type.shape.length === rank, () => `${name} must have rank ${rank}, not ${formatType(type)}`);
}

/** Requires a shape. */
export function ensureShape(type: KnownType, shape: readonly number[], name: string): void {
  ensure(
    sameShape(type.shape, shape),
    () => `${name} must have the shape [${shape}], not ${formatType(type)}`,
  );
}

/** An axis in [−rank, rank) as one in [0, rank). */
export function resolveAxis(axis: number, rank: number): number {
  ensure(axis >= -rank && axis < rank, () => `the axis ${axis} is outside a tensor of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** Axes in [0, rank), each given once. */
export function resolveAxes(axes: readonly number[], rank: number): readonly number[] {
  const resolved = axes.map((axis) => resolveAxis(axis, rank));
  ensure(new Set(resolved).size === resolved.length, () => `the axes [${axes}] repeat one`);
  return resolved;
}

/** Multidirectional broadcasting (ONNX, "Broadcasting"; the same as NumPy's). */
export function broadcast(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let result = 1;
    for (const shape of shapes) {
      const dimension = shape[shape.length - rank + axis] ?? 1;
      if (dimension === 1 || dimension === result) continue;
      ensure(result === 1, () => `the shapes ${shapes.map((s) => `[${s}]`).join(', ')} do not broadcast`);
      result = dimension;
    }
    return result;
  });
}

/** Requires that a type broadcasts to a shape without changing it (unidirectional broadcasting). */
export function ensureBroadcastTo(type: KnownType, shape: readonly number[], name: string): void {
  ensure(sameShape(broadcast([type.shape, shape]), shape), () => {
    return `${name} ${formatType(type)} does not broadcast to [${shape}]`;
  });
}
