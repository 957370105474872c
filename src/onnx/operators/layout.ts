/** Operators that move, cut, join or create elements without computing with them. */

import { sameShape, sizeOf } from '../shapes.ts';
import {
  everyInput,
  formatType,
  input,
  intAttribute,
  ints,
  intsAttribute,
  type Operator,
  optionalInput,
  optionalInts,
  stringAttribute,
} from './operator.ts';
import { broadcast, commonDtype, ensure, resolveAxis } from './shapes.ts';
import { sliceRanges } from './slicing.ts';

/** The shape that Reshape's second input stands for: 0 keeps a dimension, one −1 takes what is left. */
function reshapedShape(shape: readonly number[], target: readonly number[]): readonly number[] {
  const copied = target.map((dimension, axis) => {
    if (dimension !== 0) return dimension;
    const kept = shape[axis];
    ensure(kept !== undefined, () => `[${target}] keeps dimension ${axis}, which [${shape}] does not have`);
    return kept;
  });
  const open = copied.indexOf(-1);
  const rest = sizeOf(copied.filter((_, axis) => axis !== open));
  const result = open < 0 ? copied : copied.with(open, sizeOf(shape) / rest);
  ensure(
    result.every((size) => Number.isInteger(size) && size >= 0) && sizeOf(result) === sizeOf(shape),
    () => {
      return `[${shape}] does not reshape to [${target}]`;
    },
  );
  return result;
}

export const layout = {
  Reshape: {
    since: 5,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const { dtype, shape } = input(inputs, 0);
      return [{ dtype, shape: reshapedShape(shape, ints(inputs, 1)) }];
    },
  },
  Flatten: {
    since: 11,
    inputs: [1, 1],
    attributes: { axis: 'int' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      const given = intAttribute(attributes, 'axis', 1);
      // Unlike elsewhere, the rank itself is an axis: everything goes before it.
      const axis = given === shape.length ? given : resolveAxis(given, shape.length);
      return [{ dtype, shape: [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))] }];
    },
  },
  Transpose: {
    since: 1,
    inputs: [1, 1],
    attributes: { perm: 'ints' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      const axes = [...shape.keys()];
      const perm = intsAttribute(attributes, 'perm', axes.toReversed());
      ensure(
        sameShape(
          [...perm].sort((a, b) => a - b),
          axes,
        ),
        () => `perm [${perm}] does not permute [${shape}]`,
      );
      return [{ dtype, shape: perm.map((axis) => shape[axis] ?? 1) }];
    },
  },
  /** Broadcasts both ways: the result may be larger than the shape that is asked for. */
  Expand: {
    since: 8,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const { dtype, shape } = input(inputs, 0);
      return [{ dtype, shape: broadcast([shape, ints(inputs, 1)]) }];
    },
  },
  Tile: {
    since: 6,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const { dtype, shape } = input(inputs, 0);
      const repeats = ints(inputs, 1);
      ensure(repeats.length === shape.length, () => `repeats [${repeats}] do not fit [${shape}]`);
      return [{ dtype, shape: shape.map((dimension, axis) => dimension * (repeats[axis] ?? 1)) }];
    },
  },
  /** Inputs: x, pads (all begins, then all ends; negative ones crop), the scalar to fill with. */
  Pad: {
    since: 13,
    inputs: [2, 3],
    attributes: { mode: 'string' },
    infer: (inputs, attributes) => {
      const x = input(inputs, 0);
      const rank = x.shape.length;
      const pads = ints(inputs, 1);
      const mode = stringAttribute(attributes, 'mode', 'constant');
      const fill = optionalInput(inputs, 2);
      ensure(['constant', 'reflect'].includes(mode), () => `the mode ${mode} is not known`);
      ensure(pads.length === 2 * rank, () => `pads [${pads}] do not fit ${formatType(x)}`);
      if (fill)
        ensure(fill.dtype === x.dtype && sizeOf(fill.shape) === 1, () => `the fill is ${formatType(fill)}`);
      const shape = x.shape.map(
        (dimension, axis) => dimension + (pads[axis] ?? 0) + (pads[axis + rank] ?? 0),
      );
      ensure(
        shape.every((size) => size >= 0),
        () => `pads [${pads}] crop more than there is in ${formatType(x)}`,
      );
      const reflected = mode !== 'reflect' || pads.every((pad, index) => pad < (x.shape[index % rank] ?? 0));
      ensure(reflected, () => `pads [${pads}] reflect more than there is in ${formatType(x)}`);
      return [{ dtype: x.dtype, shape }];
    },
  },
  Concat: {
    since: 11,
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: { axis: 'int' },
    infer: (inputs, attributes) => {
      const types = everyInput(inputs);
      const dtype = commonDtype(types);
      const shape = types[0]?.shape ?? [];
      const axis = resolveAxis(intAttribute(attributes, 'axis'), shape.length);
      const total = types.reduce((sum, type) => sum + (type.shape[axis] ?? 0), 0);
      const fits = types.every(
        (type) =>
          type.shape.length === shape.length && sameShape(type.shape.with(axis, 0), shape.with(axis, 0)),
      );
      ensure(fits, () => `${types.map(formatType).join(', ')} do not join on axis ${axis}`);
      return [{ dtype, shape: shape.with(axis, total) }];
    },
  },
  /** Inputs: x and the sizes of the parts, which this dialect always gives. */
  Split: {
    since: 13,
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (inputs, attributes) => {
      const { dtype, shape } = input(inputs, 0);
      const sizes = ints(inputs, 1);
      const axis = resolveAxis(intAttribute(attributes, 'axis', 0), shape.length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      ensure(total === shape[axis], () => `sizes [${sizes}] do not add up to axis ${axis} of [${shape}]`);
      return sizes.map((size) => ({ dtype, shape: shape.with(axis, size) }));
    },
  },
  /** Inputs: x, starts, ends, axes, steps. */
  Slice: {
    since: 10,
    inputs: [3, 5],
    attributes: {},
    infer: (inputs) => {
      const { dtype, shape } = input(inputs, 0);
      const [axes, steps] = [optionalInts(inputs, 3), optionalInts(inputs, 4)];
      const ranges = sliceRanges(shape, ints(inputs, 1), ints(inputs, 2), axes, steps);
      return [{ dtype, shape: ranges.map((range) => range.count) }];
    },
  },
  /** Zeros: this dialect gives them no other value. */
  ConstantOfShape: {
    since: 9,
    inputs: [1, 1],
    attributes: {},
    infer: (inputs) => [{ dtype: 'float32', shape: ints(inputs, 0) }],
  },
} satisfies Record<string, Operator>;
