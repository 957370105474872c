/**
 * A thread that holds one onnxruntime session after the other. onnxruntime's `create` and `run` block the thread that
 * calls them although they return promises, so the thread that answers HTTP requests must not be the one that runs models.
 */

import { parentPort, threadId, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { DataType } from '../../onnx/ir.ts';
import { InferenceSession, Tensor as OrtTensor } from '../../runtime.ts';
import type { NamedTensors, Tensor, TensorSignature } from '../tensor.ts';
import { readExternalData } from './external-data.ts';
import { buffersOf, type Command, type InstanceOptions, type Report, type Run } from './messages.ts';
import { type Turn, takingTurns } from './turns.ts';

if (!parentPort) throw new Error('session-worker is the entry of a worker thread');
const port = parentPort;
const report = (message: Report, buffers: ArrayBuffer[] = []): void => port.postMessage(message, buffers);

// Where JavaScript has a Float16Array (Node 24), onnxruntime-node 1.30 wraps the bits of float16 tensors in one
// and then fails to read its own wrapper. Without it, it takes the raw bits, which is what a Tensor holds here.
Reflect.deleteProperty(globalThis, 'Float16Array');

const toOrt = ({ dtype, data, shape }: Tensor): OrtTensor =>
  new OrtTensor(dtype, data as OrtTensor['data'], shape);

const fromOrt = (name: string, { type, data, dims }: OrtTensor): Tensor => ({
  dtype: dataTypeOf(name, type),
  shape: dims,
  data: data as Tensor['data'],
});

function signatureOf(value: InferenceSession.ValueMetadata): TensorSignature {
  if (!value.isTensor) throw new Error(`${value.name} is not a tensor; only tensors can be served`);
  return { name: value.name, dtype: dataTypeOf(value.name, value.type), shape: value.shape };
}

function dataTypeOf(name: string, type: OrtTensor.Type): DataType {
  if (type !== 'int4' && type !== 'uint4') return type;
  throw new Error(`${name} has datatype ${type}, which the protocol does not have`);
}

let session: InferenceSession | undefined;

type Doing = <T>(task: () => Promise<T>) => Promise<T>;
const atOnce: Doing = (task) => task();
const inTurn: Doing = takingTurns(workerData as Turn, threadId);
/** How what concerns the session is done: on the CPU at once. */
let doing = atOnce;

async function load({ path, externalData = [], device = 'cpu', threads }: InstanceOptions): Promise<Report> {
  doing = device === 'webgpu' ? inTurn : atOnce;
  try {
    session = await doing(() =>
      InferenceSession.create(path, {
        executionProviders: [device],
        ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
        externalData: readExternalData(path, externalData),
        // Failures reach the main thread as errors; onnxruntime need not write them to stderr as well.
        logSeverityLevel: 4,
      }),
    );
    return {
      kind: 'ready',
      inputs: session.inputMetadata.map(signatureOf),
      outputs: session.outputMetadata.map(signatureOf),
    };
  } catch (error) {
    await release();
    return { kind: 'unloadable', reason: messageOf(error) };
  }
}

async function release(): Promise<void> {
  await doing(async () => session?.release());
  session = undefined;
}

async function run(inputs: NamedTensors, outputs: readonly string[]): Promise<Run> {
  const loaded = session;
  if (!loaded) throw new Error('no session is loaded');
  const feeds = Object.fromEntries([...inputs].map(([name, tensor]) => [name, toOrt(tensor)]));
  let begin = 0;
  const results = await doing(() => {
    begin = performance.now();
    return loaded.run(feeds, outputs);
  });
  const milliseconds = performance.now() - begin;
  const entries = Object.entries(results).map(([name, tensor]) => [name, fromOrt(name, tensor)] as const);
  return { outputs: new Map(entries), milliseconds };
}

port.on('message', async (command: Command) => {
  if (command.kind === 'load') report(await load(command.options));
  else if (command.kind === 'release') {
    await release();
    report({ kind: 'released' });
  } else if (command.kind === 'end') {
    // Nothing keeps the thread alive then: it exits by itself.
    port.close();
  } else {
    try {
      const done = await run(command.inputs, command.outputs);
      report({ kind: 'done', id: command.id, run: done }, buffersOf(done.outputs));
    } catch (error) {
      report({ kind: 'failed', id: command.id, reason: messageOf(error).trim() });
    }
  }
});
