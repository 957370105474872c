/** Operators on matrices and batches of them. */

import { floatTypes } from '../data-types.ts';
import type { DataType } from '../ir.ts';
import {
  formatType,
  input,
  intAttribute,
  type KnownType,
  type Operator,
  optionalInput,
  optionalInts,
  stringAttribute,
} from './operator.ts';
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

/** The output shape of an Einsum without ellipsis; a missing right side means the letters that occur once, sorted. */
function einsumShape(equation: string, types: readonly KnownType[]): readonly number[] {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  ensure(/^[A-Za-z,]*$/.test(left + (right ?? '')), () => `the equation ${equation} is not supported`);
  ensure(
    terms.length === types.length,
    () => `the equation ${equation} has ${terms.length} terms for ${types.length} inputs`,
  );
  const sizes = new Map<string, number>();
  terms.forEach((term, index) => {
    const shape = types[index]?.shape ?? [];
    ensure(term.length === shape.length, () => `the term ${term} does not fit [${shape}]`);
    shape.forEach((size, axis) => {
      const letter = term.charAt(axis);
      ensure(
        (sizes.get(letter) ?? size) === size,
        () => `${letter} is ${sizes.get(letter)} and ${size} in ${equation}`,
      );
      sizes.set(letter, size);
    });
  });
  const once = [...sizes.keys()].filter((letter) => left.split(letter).length === 2).sort();
  return [...(right ?? once)].map((letter) => {
    const size = sizes.get(letter);
    ensure(size !== undefined, () => `${letter} is not on the left side of ${equation}`);
    return size;
  });
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
  /** alpha · A′ · B′ + beta · C for matrices A and B; C broadcasts to the product. */
  Gemm: {
    since: 11,
    inputs: [2, 3],
    attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
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
  /** onnxruntime's MatMul with a factor and with transposition of the last two dimensions of either side. */
  'com.microsoft.FusedMatMul': {
    since: 1,
    inputs: [2, 2],
    attributes: { alpha: 'float', transA: 'int', transB: 'int' },
    infer: (inputs, attributes) => {
      const [a, b] = [input(inputs, 0), input(inputs, 1)];
      ensureDtype(a, floatTypes, 'A');
      const transA = intAttribute(attributes, 'transA', 0) === 1;
      const transB = intAttribute(attributes, 'transB', 0) === 1;
      return [{ dtype: commonDtype([a, b]), shape: productShape(a, b, transA, transB) }];
    },
  },
  Einsum: {
    since: 12,
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: { equation: 'string' },
    infer: (inputs, attributes) => {
      const types = inputs.map((_, index) => input(inputs, index));
      return [
        { dtype: commonDtype(types), shape: einsumShape(stringAttribute(attributes, 'equation'), types) },
      ];
    },
  },
  /** Keeps the upper (attribute `upper` = 1, the default) or the lower triangle; input 1 moves the diagonal. */
  Trilu: {
    since: 14,
    inputs: [1, 2],
    attributes: { upper: 'int' },
    infer: (inputs) => {
      const x = input(inputs, 0);
      ensure(x.shape.length >= 2, () => `the input must have at least rank 2, not ${formatType(x)}`);
      ensure((optionalInts(inputs, 1) ?? [0]).length === 1, () => 'the diagonal must be one number');
      return [x];
    },
  },
} satisfies Record<string, Operator>;
