/** The exported network on a device, one batch a step: images from the host, logits back to it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Provider } from '../../src/engine/onnxruntime.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import * as ort from '../../src/runtime.ts';
import { answer, timed } from '../harness/answer.ts';
import { type DeviceUse, onCpu } from '../harness/device-use.ts';
import { withFolder } from '../harness/folder.ts';
import { lastRun } from '../harness/node-times.ts';

ort.env.logLevel = 'fatal';

interface Request {
  /** The .onnx file, and the images in a safetensors file. */
  readonly model: string;
  readonly problem: string;
  readonly provider: Provider;
  readonly threads: number;
}

const create = ({ model, provider, threads }: Request, more: object = {}): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(model, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
    ...more,
  });

function imagesOf({ problem }: Request): ort.Tensor {
  const { data, shape } = readArrays(problem).arrays.trainImages as { data: Float32Array; shape: number[] };
  return new ort.Tensor('float32', data, shape);
}

const run = async (session: ort.InferenceSession, image: ort.Tensor): Promise<Float32Array> =>
  (await session.run({ image })).logits?.data as Float32Array;

/** What the two sides are compared by: the mean of the squared logits. */
const meanSquare = (logits: Float32Array): number =>
  logits.reduce((sum, x) => sum + x * x, 0) / logits.length;

let step: (() => Promise<number>) | undefined;

async function prepare(request: Request & { readonly parameters: number }): Promise<object> {
  const [session, image] = [await create(request), imagesOf(request)];
  step = async () => meanSquare(await run(session, image));
  return { parameters: request.parameters, versions: {} };
}

const use = (request: Request): Promise<{ step: DeviceUse }> =>
  withFolder(async (folder) => {
    const image = imagesOf(request);
    const profiling = { enableProfiling: true, profileFilePrefix: join(folder, 'profile') };
    const session = await create(request, profiling);
    await run(session, image);
    const logits = await run(session, image);
    session.endProfiling();
    await session.release();
    const { nodes } = lastRun(join(folder, readdirSync(folder)[0] as string));
    const bytesIn = (image.data as Float32Array).byteLength;
    return {
      step: { bytesIn, bytesOut: logits.byteLength, nodes: nodes.length, onCpu: onCpu(nodes) },
    };
  });

await answer({ prepare, use, step: () => timed(step as NonNullable<typeof step>) });
