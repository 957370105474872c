/** The tfjs engine: runs a function eagerly on a named tfjs backend. The reference for every lowering. */
import { InputError } from '../errors.ts';
import type { Signature, TensorFunction, Tensors } from '../signature.ts';
import { tf } from '../tfjs.ts';
import {
  checkFeeds,
  type Elements,
  type Engine,
  engineOf,
  type Feeds,
  type Run,
  runsOf,
  type Task,
} from './engine.ts';
import { loadTensorflow } from './tensorflow.ts';

export type TfjsBackend = 'cpu' | 'tensorflow';

/**
 * An engine on a tfjs backend: `cpu` (pure JavaScript) or `tensorflow` (libtensorflow, an optional package).
 *
 * @throws FailureError where the backend's package is not installed or does not load
 */
export async function tfjsEngine(backend: TfjsBackend = 'cpu'): Promise<Engine> {
  const kind = backend === 'tensorflow' ? await loadTensorflow() : 'cpu';
  // Otherwise the cpu backend advertises tfjs-node on the console.
  tf.enableProdMode();
  const runOf =
    ({ fn, signature }: Task): Run =>
    async (feeds) => {
      checkFeeds(signature, feeds);
      const former = tf.getBackend();
      await tf.setBackend(backend);
      try {
        return await evaluate(fn, signature, feeds);
      } finally {
        if (former) await tf.setBackend(former);
      }
    };
  return engineOf(`tfjs (${kind})`, async (tasks) => {
    for (const { precision = 'float32' } of Object.values(tasks)) {
      if (precision !== 'float32') {
        throw new InputError(`tfjs computes in float32; ${precision} is for the engine onnxruntime`);
      }
    }
    return { run: runsOf(tasks, runOf), dispose: async () => {} };
  });
}

async function evaluate(
  fn: TensorFunction,
  signature: Signature,
  feeds: Feeds,
): Promise<Record<string, Elements>> {
  const outputs = tf.tidy(() => {
    const inputs: Tensors = {};
    for (const [name, { shape, dtype }] of Object.entries(signature)) {
      inputs[name] = tf.tensor(feeds[name] as Float32Array, shape as number[], dtype);
    }
    // Clones, as a function may return an input, or one tensor under two names.
    return Object.entries(fn(inputs)).map(([name, tensor]) => ({ name, tensor: tf.clone(tensor) }));
  });
  const results: Record<string, Elements> = {};
  for (const { name, tensor } of outputs) {
    // A copy: the cpu backend lends its own memory, which may be a feed's.
    results[name] = ((await tensor.data()) as Elements).slice();
    tensor.dispose();
  }
  return results;
}
