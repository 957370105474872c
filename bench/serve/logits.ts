/** What onnxruntime itself answers: the truth that servers are held to. */
import { InferenceSession, Tensor } from '../../src/runtime.ts';
import type { Sample } from './bodies.ts';
import type { BenchModel } from './models.ts';

/** The model's output for each image, one at a time. */
export async function rawLogits(
  { path, shape }: BenchModel,
  samples: readonly Sample[],
): Promise<number[][]> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const dims = [1, shape.channels, shape.height, shape.width];
  const logits: number[][] = [];
  for (const { tensor } of samples) {
    const results = await session.run({ image: new Tensor('float32', tensor, dims) });
    logits.push(Array.from(Object.values(results)[0]?.data as Float32Array));
  }
  await session.release();
  return logits;
}
