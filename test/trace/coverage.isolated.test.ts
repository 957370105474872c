import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import { describe, expect, test, vi } from 'vitest';
import { inScope } from '../../src/scope.ts';
import { float32 } from '../../src/signature.ts';
import { tf } from '../../src/tfjs.ts';
import { LoweringError } from '../../src/trace/backend.ts';
import type { Kernels } from '../../src/trace/kernels.ts';
import { rules } from '../../src/trace/rules/index.ts';
import { trace } from '../../src/trace/trace.ts';
import { program, signatureOf } from './check-op.ts';
import { allRows } from './rows/index.ts';

test('every rule is reached by a row', () => {
  const names = Object.keys(rules) as (keyof Kernels)[];
  // Before the first trace, which registers the rules with tfjs.
  const spies = names.map((name) => vi.spyOn(rules, name));
  for (const row of allRows) trace(program(row), signatureOf(row));
  expect(names.filter((_, index) => spies[index]?.mock.calls.length === 0)).toEqual([]);
});

test('rows have names of their own', () => {
  const names = allRows.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe('a kernel that cannot be lowered', () => {
  test('without a rule is named with its operands, its place and the file to add one to', () => {
    const fn = ({ x }: Record<string, Tensor>) => ({
      y: inScope('cell0', () => tf.image.cropAndResize(x as Tensor4D, [[0, 0, 1, 1]], [0], [2, 2])),
    });
    expect(() => trace(fn, { x: float32(1, 4, 4, 3) })).toThrowErrorMatchingInlineSnapshot(
      `[LoweringError: cannot lower CropAndResize(image: float32[1,4,4,3], boxes: float32[1,4], boxInd: int32[1]) in cell0: the tracer has no rule for this kernel; add one to src/trace/kernels.ts and src/trace/rules/]`,
    );
    expect(() => trace(fn, { x: float32(1, 4, 4, 3) })).toThrow(LoweringError);
  });

  test('with an unknown attribute is named with the cause', () => {
    const fn = ({ x }: Record<string, Tensor>) => ({ y: tf.depthToSpace(x as Tensor4D, 2, 'NCHW') });
    expect(() => trace(fn, { x: float32(1, 4, 4, 4) })).toThrowErrorMatchingInlineSnapshot(
      `[LoweringError: cannot lower DepthToSpace(x: float32[1,4,4,4]): the data format is NCHW, expected NHWC]`,
    );
  });
});
