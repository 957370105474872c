/**
 * The limit: onnxruntime in a loop, no HTTP, in a process of its own. One session with all threads, or sessions with one
 * thread each in worker threads; prints the images a second and the median milliseconds of a run.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from '../../src/runtime.ts';

export interface RawLoop {
  readonly path: string;
  /** Of one image. */
  readonly shape: readonly number[];
  readonly batch: number;
  readonly sessions: number;
  /** Of each session. */
  readonly threads: number;
  readonly seconds: number;
}

export interface RawResult {
  readonly imagesPerSecond: number;
  readonly medianMilliseconds: number;
}

/** Runs one session for the time and returns the milliseconds of each run. */
async function loop({ path, shape, batch, threads, seconds }: RawLoop): Promise<number[]> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: threads, logSeverityLevel: 4 });
  const size = shape.reduce((product, length) => product * length, batch);
  const data = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 256) / 255);
  const feeds = { [session.inputNames[0] as string]: new Tensor('float32', data, [batch, ...shape]) };
  const run = async (until: number): Promise<number[]> => {
    const times: number[] = [];
    while (performance.now() < until) {
      const start = performance.now();
      await session.run(feeds);
      times.push(performance.now() - start);
    }
    return times;
  };
  await run(performance.now() + 300 * Math.min(seconds, 1));
  return run(performance.now() + 1000 * seconds);
}

/** A worker thread loads plain JavaScript only, unless it is told how to load this file. */
const bootstrap = `import('${import.meta.resolve('tsx/esm/api')}').then(({ register }) => {
  register();
  return import('${import.meta.url}');
})`;

const inWorker = (options: RawLoop): Promise<number[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(bootstrap, { eval: true, workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });

async function measure(options: RawLoop): Promise<RawResult> {
  const runs = await Promise.all(
    options.sessions === 1
      ? [loop(options)]
      : Array.from({ length: options.sessions }, () => inWorker(options)),
  );
  // Sessions start and stop almost together: each one's own rate, added.
  const rates = runs.map((times) => (1000 * options.batch * times.length) / times.reduce((a, b) => a + b, 0));
  const sorted = runs.flat().sort((a, b) => a - b);
  return {
    imagesPerSecond: rates.reduce((a, b) => a + b, 0),
    medianMilliseconds: sorted[Math.floor(sorted.length / 2)] as number,
  };
}

if (isMainThread) {
  process.once('message', async (options: RawLoop) => {
    try {
      process.send?.({ result: await measure(options) });
    } catch (error) {
      process.send?.({ failure: String(error) });
    }
    process.disconnect();
  });
} else {
  parentPort?.postMessage(await loop(workerData as RawLoop));
}
