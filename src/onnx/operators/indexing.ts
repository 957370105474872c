/** Operators that read or write elements at positions that are data. */

import { indexTypes } from '../data-types.ts';
import { sameShape } from '../shapes.ts';
import { input, intAttribute, type Operator, stringAttribute } from './operator.ts';
import { commonDtype, ensure, ensureDtype, ensureRank, ensureShape, resolveAxis } from './shapes.ts';

/** The shape of what GatherND reads: leading index dimensions, then whole slices. */
function slicesShape(data: readonly number[], indices: readonly number[], batch: number): readonly number[] {
  const depth = indices.at(-1);
  ensure(
    depth !== undefined && depth + batch <= data.length,
    () => `indices [${indices}] do not fit [${data}]`,
  );
  ensure(sameShape(data.slice(0, batch), indices.slice(0, batch)), () => {
    return `[${data}] and the indices [${indices}] differ in the first ${batch} dimensions`;
  });
  return [...indices.slice(0, -1), ...data.slice(batch + depth)];
}

export const indexing = {
  Gather: {
    since: 11,
    inputs: [2, 2],
    attributes: { axis: 'int' },
    infer: (inputs, attributes) => {
      const [{ dtype, shape }, indices] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(indices, indexTypes, 'the indices');
      const axis = resolveAxis(intAttribute(attributes, 'axis', 0), shape.length);
      return [{ dtype, shape: shape.toSpliced(axis, 1, ...indices.shape) }];
    },
  },
  GatherND: {
    since: 12,
    inputs: [2, 2],
    attributes: { batch_dims: 'int' },
    infer: (inputs, attributes) => {
      const [data, indices] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(indices, ['int64'], 'the indices');
      const batch = intAttribute(attributes, 'batch_dims', 0);
      return [{ dtype: data.dtype, shape: slicesShape(data.shape, indices.shape, batch) }];
    },
  },
  /** Inputs: data, indices, updates. 16 for the attribute `reduction`. */
  ScatterElements: {
    since: 16,
    inputs: [3, 3],
    attributes: { axis: 'int', reduction: 'string' },
    infer: (inputs, attributes) => {
      const [data, indices, updates] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)];
      ensureDtype(indices, indexTypes, 'the indices');
      ensureRank(indices, data.shape.length, 'the indices');
      ensureShape(updates, indices.shape, 'the updates');
      commonDtype([data, updates]);
      resolveAxis(intAttribute(attributes, 'axis', 0), data.shape.length);
      const reduction = stringAttribute(attributes, 'reduction', 'none');
      ensure(['none', 'add'].includes(reduction), () => `the reduction ${reduction} is not known`);
      return [data];
    },
  },
} satisfies Record<string, Operator>;
