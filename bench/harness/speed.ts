/**
 * How fast the machine is at the moment. Virtual cores are at times two threads of one real core: then two threads
 * multiply matrices hardly faster than one, and figures differ from those of other days.
 */

import { createBuilder } from '../../src/onnx/build.ts';
import { inputValue } from '../../src/onnx/ir.ts';
import { serialize } from '../../src/onnx/serde.ts';
import * as ort from '../../src/runtime.ts';
import { median } from '../../src/spread.ts';

const size = 1024;
const repetitions = 15;

/** float32 matrix multiplication, GFLOP/s. */
export interface Speed {
  readonly oneThread: number;
  readonly twoThreads: number;
}

export const measureSpeed = async (): Promise<Speed> => ({
  oneThread: await sgemm(1),
  twoThreads: await sgemm(2),
});

async function sgemm(threads: number): Promise<number> {
  const shape = [size, size];
  const x = inputValue('x', { dtype: 'float32', shape });
  const value = createBuilder().node('MatMul', [x, x]);
  const model = serialize({ name: 'sgemm', inputs: [x], outputs: [{ name: 'y', value }] });
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: threads });
  const feeds = { x: new ort.Tensor('float32', new Float32Array(size * size).fill(1), shape) };
  const seconds: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const begin = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - begin) / 1e3);
  }
  await session.release();
  return Math.round((2 * size ** 3) / median(seconds) / 1e9);
}
