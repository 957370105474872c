/** What this machine can do at most: products of matrices and movement of memory, measured in onnxruntime. */

import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { float32, type TensorFunction } from '../../src/signature.ts';
import { median } from '../../src/spread.ts';
import { tf } from '../../src/tfjs.ts';

export interface Roofline {
  /** Floating-point operations a second of a large matrix product. */
  readonly flops: number;
  /** Bytes a second, read and written, of an element-wise operator over images of a usual size (4 MB). */
  readonly bandwidth: number;
}

const [side, images, repetitions] = [1536, 2 ** 20, 16];

/** The median seconds of a function of one matrix, after some runs. */
async function secondsOf(fn: TensorFunction, shape: readonly number[], threads: number): Promise<number> {
  const engine = await onnxruntimeEngine({ threads });
  const compiled = await engine.compile(fn, { x: float32(...shape) }, 'roofline');
  const x = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5);
  const samples: number[] = [];
  for (let i = 0; i < 9; i++) {
    const begin = performance.now();
    await compiled.run({ x });
    samples.push((performance.now() - begin) / 1000);
  }
  await compiled.dispose();
  return median(samples.slice(2));
}

export async function measureRoofline(threads: number): Promise<Roofline> {
  const product: TensorFunction = ({ x }) => ({ y: tf.sum(tf.matMul(x as Tensor2D, x as Tensor2D)) });
  // Signs that change: neither a pass nor the machine can leave one out.
  const passes: TensorFunction = ({ x }) => {
    let y = x as Tensor;
    for (let i = 0; i < repetitions; i++) y = i % 2 === 0 ? tf.neg(y) : tf.abs(y);
    return { y: tf.sum(y) };
  };
  const [products, moves] = [
    await secondsOf(product, [side, side], threads),
    await secondsOf(passes, [images], threads),
  ];
  return { flops: (2 * side ** 3) / products, bandwidth: (repetitions * 8 * images) / moves };
}
