/** Products of matrices. */

import type { Value } from '../../onnx/ir.ts';
import { sizeOf } from '../../onnx/shapes.ts';
import { tf } from '../../tfjs.ts';
import { perElement } from '../align.ts';
import type { Rules } from '../kernels.ts';
import type { Lowering } from '../lowering.ts';
import type { Traced } from '../traced.ts';
import { activate } from './activation.ts';

interface Transposition {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const flagsOf = ({ transposeA, transposeB }: Transposition): { transA: number; transB: number } => ({
  transA: Number(transposeA),
  transB: Number(transposeB),
});

/** The matrices, which are the last two dimensions, transposed. */
function transposed(lower: Lowering, x: Value): Value {
  const axes = [...x.type.shape.keys()];
  return lower.graph.node('Transpose', [x], {
    perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2],
  });
}

/** a·b as values, by the one operator that does all that is asked for, where there is one. */
function product(lower: Lowering, a: Value, b: Value, transposition: Transposition): Value {
  const { graph, device } = lower;
  const { transposeA, transposeB } = transposition;
  if (!transposeA && !transposeB) return graph.node('MatMul', [a, b]);
  const isFloat = a.type.dtype === 'float32';
  if (isFloat && a.type.shape.length === 2 && b.type.shape.length === 2)
    return graph.node('Gemm', [a, b], flagsOf(transposition));
  if (isFloat && device.contrib)
    return graph.node('com.microsoft.FusedMatMul', [a, b], flagsOf(transposition));
  return graph.node('MatMul', [transposeA ? transposed(lower, a) : a, transposeB ? transposed(lower, b) : b]);
}

/** The shape of a·b for batches of matrices, which broadcast. */
function productShape(a: Traced, b: Traced, { transposeA, transposeB }: Transposition): readonly number[] {
  const batch = tf.backend_util.assertAndGetBroadcastShape(
    [...a.shape.slice(0, -2)],
    [...b.shape.slice(0, -2)],
  );
  return [...batch, a.shape.at(transposeA ? -1 : -2) as number, b.shape.at(transposeB ? -2 : -1) as number];
}

function matMul(lower: Lowering, a: Traced, b: Traced, transposition: Transposition): Traced {
  const value = product(lower, lower.as(a, 'plain'), lower.as(b, 'plain'), transposition);
  return lower.traced(value, 'plain', productShape(a, b, transposition), a.dtype);
}

/** The tensor without a batch of one, which tfjs puts around the operands of dense layers. */
function withoutBatch(lower: Lowering, x: Traced): Value | undefined {
  const isSingle = sizeOf(x.shape.slice(0, -2)) === 1;
  return isSingle ? lower.reshape(lower.as(x, 'plain'), x.shape.slice(-2)) : undefined;
}

/** a·b + bias; for two matrices of floats in one operator. */
function biasedProduct(
  lower: Lowering,
  a: Traced,
  b: Traced,
  bias: Traced,
  transposition: Transposition,
): Traced {
  const [left, right, addend] = [a, b, bias].map((x) => withoutBatch(lower, x));
  if (a.dtype !== 'float32' || !left || !right || !addend) {
    const operands = [matMul(lower, a, b, transposition), bias];
    return perElement(lower, operands, a.dtype, (x, y) => lower.graph.node('Add', [x, y]));
  }
  const shape = productShape(a, b, transposition);
  const value = lower.graph.node('Gemm', [left, right, addend], flagsOf(transposition));
  return lower.traced(lower.reshape(value, shape), 'plain', shape, a.dtype);
}

export const linear = {
  BatchMatMul: (lower, { a, b }, attributes) => matMul(lower, a, b, attributes),
  _FusedMatMul: (lower, { a, b, bias, preluActivationWeights }, attributes) => {
    const y = bias ? biasedProduct(lower, a, b, bias, attributes) : matMul(lower, a, b, attributes);
    return activate(lower, y, attributes, preluActivationWeights);
  },
} satisfies Partial<Rules>;
