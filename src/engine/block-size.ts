/** Asks onnxruntime for the block of its blocked layout: 16 channels with AVX-512, 8 with AVX2, none elsewhere. */
import * as ort from 'onnxruntime-node';
import { createBuilder } from '../onnx/build.ts';
import { inputValue } from '../onnx/ir.ts';
import { serialize } from '../onnx/serde.ts';

const channels = 16;
let known: Promise<number> | undefined;

/** Channels in a block on this machine; 0 where onnxruntime has no blocked layout. Probed once. */
export function blockSize(): Promise<number> {
  known ??= probe();
  return known;
}

/** Reorders an image of two pixels, x[c, p] = 2c + p. With blocks of B the second element is channel 1 of pixel 0. */
async function probe(): Promise<number> {
  const shape = [1, channels, 1, 2];
  const input = inputValue('x', { dtype: 'float32', shape });
  const value = createBuilder().node('com.microsoft.nchwc.ReorderInput', [input]);
  const model = serialize({ name: 'probe', inputs: [input], outputs: [{ name: 'y', value }] });
  let order: Float32Array;
  try {
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const x = Float32Array.from({ length: 2 * channels }, (_, i) => i);
    const { y } = await session.run({ x: new ort.Tensor('float32', x, shape) });
    order = y?.data as Float32Array;
    await session.release();
  } catch {
    // An onnxruntime without these operators refuses to load the graph.
    return 0;
  }
  // Pixel 1 of channel 0 follows the block's channels of pixel 0.
  const block = order.indexOf(1);
  return block > 1 ? block : 0;
}
