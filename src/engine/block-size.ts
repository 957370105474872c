/** Asks onnxruntime for the block of its blocked layout: 16 channels with AVX-512, 8 with AVX2, none elsewhere. */

import { createBuilder } from '../onnx/build.ts';
import { inputValue } from '../onnx/ir.ts';
import { serialize } from '../onnx/serde.ts';
import * as ort from '../runtime.ts';

const channels = 16;
let known: Promise<number> | undefined;

/** Channels in a block on this machine; 0 where onnxruntime has no blocked layout. Probed once. */
export function blockSize(): Promise<number> {
  known ??= probe();
  return known;
}

async function probe(): Promise<number> {
  // An onnxruntime without these operators refuses the graph.
  const order = await reordered().catch(() => Float32Array.of());
  // Pixel 1 of channel 0 follows the block's channels of pixel 0.
  const block = order.indexOf(1);
  return block > 1 ? block : 0;
}

/** An image of two pixels in blocks, x[c, p] = 2c + p. With blocks of B the second element is channel 1 of pixel 0. */
async function reordered(): Promise<Float32Array> {
  const shape = [1, channels, 1, 2];
  const input = inputValue('x', { dtype: 'float32', shape });
  const value = createBuilder().node('com.microsoft.nchwc.ReorderInput', [input]);
  const model = serialize({ name: 'probe', inputs: [input], outputs: [{ name: 'y', value }] });
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  try {
    const x = Float32Array.from({ length: 2 * channels }, (_, i) => i);
    const { y } = await session.run({ x: new ort.Tensor('float32', x, shape) });
    return y?.data as Float32Array;
  } finally {
    await session.release();
  }
}
