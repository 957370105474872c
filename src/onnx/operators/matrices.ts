/** Operators on matrices and batches of them. */

import { floatTypes } from '../data-types.ts';
import type { DataType } from '../ir.ts';
import { formatType, input, intAttribute, type KnownType, type Operator, optionalInput } from './operator.ts';
import { broadcast, commonDtype, ensure, ensureBroadcastTo, ensureDtype, ensureRank } from './shapes.ts';

const multipliable: readonly DataType[] = [...floatTypes, 'int32', 'int64', 'uint32', 'uint64'];

/** The last two dimensions, exchanged if asked. */
const matrixOf = (
  shape: readonly number[],
  transposed: boolean,
): readonly [rows: number, columns: number] => {
  const [rows = 1, columns = 1] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
};

/** The shape of a matrix product as NumPy's `matmul` defines it: vectors are rows or columns that vanish again. */
function productShape(a: KnownType, b: KnownType, transA: boolean, transB: boolean): readonly number[] {
  ensure(a.shape.length > 0 && b.shape.length > 0, () => 'a scalar has no matrix product');
  const [aVector, bVector] = [a.shape.length === 1, b.shape.length === 1];
  const left = aVector ? [1, ...a.shape] : a.shape;
  const right = bVector ? [...b.shape, 1] : b.shape;
  const [rows, inner] = matrixOf(left, transA && !aVector);
  const [innerB, columns] = matrixOf(right, transB && !bVector);
  ensure(
    inner === innerB,
    () => `${formatType(a)} and ${formatType(b)} differ in the inner dimension: ${inner}, ${innerB}`,
  );
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  return [...batch, ...(aVector ? [] : [rows]), ...(bVector ? [] : [columns])];
}

export const matrices = {
  MatMul: {
    since: 9,
    inputs: [2, 2],
    attributes: {},
    infer: (inputs) => {
      const [a, b] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(a, multipliable, 'A');
      return [{ dtype: commonDtype([a, b]), shape: productShape(a, b, false, false) }];
    },
  },
  /** A′ · B′ + C for matrices A and B; C broadcasts to the product. */
  Gemm: {
    since: 11,
    inputs: [2, 3],
    attributes: { transA: 'int', transB: 'int' },
    infer: (inputs, attributes) => {
      const [a, b, c] = [input(inputs, 0), input(inputs, 1), optionalInput(inputs, 2)];
      ensureDtype(a, multipliable, 'A');
      ensureRank(a, 2, 'A');
      ensureRank(b, 2, 'B');
      const transA = intAttribute(attributes, 'transA', 0) === 1;
      const transB = intAttribute(attributes, 'transB', 0) === 1;
      const shape = productShape(a, b, transA, transB);
      if (c) ensureBroadcastTo(c, shape, 'C');
      return [{ dtype: commonDtype(c ? [a, b, c] : [a, b]), shape }];
    },
  },
  /** onnxruntime's MatMul with transposition of the last two dimensions of either side. */
  'com.microsoft.FusedMatMul': {
    since: 1,
    inputs: [2, 2],
    attributes: { transA: 'int', transB: 'int' },
    infer: (inputs, attributes) => {
      const [a, b] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(a, floatTypes, 'A');
      const transA = intAttribute(attributes, 'transA', 0) === 1;
      const transB = intAttribute(attributes, 'transB', 0) === 1;
      return [{ dtype: commonDtype([a, b]), shape: productShape(a, b, transA, transB) }];
    },
  },
} satisfies Record<string, Operator>;
