/**
 * What the engine does to compile the two steps of a search, phase by phase: trace, passes, serialisation, session.
 * `check` holds it against the engine itself.
 */
import * as ort from 'onnxruntime-node';
import { blockSize } from '../../src/engine/block-size.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { FailureError } from '../../src/errors.ts';
import type { Graph } from '../../src/onnx/ir.ts';
import { optimize } from '../../src/onnx/passes/index.ts';
import { serialize } from '../../src/onnx/serde.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { float32, type Step, type Tensors } from '../../src/signature.ts';
import { cpu } from '../../src/trace/device.ts';
import { trace } from '../../src/trace/trace.ts';
import { answer } from '../harness/answer.ts';
import { type OperatorCounts, operatorCounts } from '../harness/operators.ts';
import { type SearchProblem, supernetOf } from '../harness/search-problem.ts';

type Request = SearchProblem & { readonly threads: number };

export interface Phases {
  /** Milliseconds. */
  readonly trace: number;
  readonly passes: number;
  readonly serialisation: number;
  readonly session: number;
  readonly bytes: number;
  readonly operators: OperatorCounts;
}

export type StepName = 'alpha' | 'theta';

function stepsOf(request: Request): Record<StepName, Step> {
  const { options, image } = request;
  const supernet = supernetOf(request);
  return {
    alpha: alphaStep(supernet, options, image),
    theta: weightStep(supernet, options, image),
  };
}

type Created = { readonly model: Uint8Array; readonly options: ort.InferenceSession.SessionOptions };

/** Runs `body` and returns what it hands to onnxruntime last. */
async function watching(body: () => Promise<unknown>): Promise<Created> {
  const { create } = ort.InferenceSession;
  let last: Created | undefined;
  ort.InferenceSession.create = ((model: Uint8Array, options: Created['options']) => {
    last = { model, options };
    return create.call(ort.InferenceSession, model, options);
  }) as typeof create;
  try {
    await body();
  } finally {
    ort.InferenceSession.create = create;
  }
  return last as Created;
}

/** The options with which the engine creates a session. */
async function sessionOptions(threads: number): Promise<Created['options']> {
  const { options } = await watching(async () => {
    const engine = await onnxruntimeEngine({ threads });
    const identity = { fn: (inputs: Tensors) => inputs, signature: { x: float32(1) } };
    const compiled = await engine.compile(identity.fn, identity.signature, 'options');
    await compiled.dispose();
  });
  return options;
}

async function phases({ fn, signature }: Step, name: string, options: Created['options']): Promise<Phases> {
  const device = cpu(await blockSize());
  let passes = 0;
  const timedPasses = (graph: Graph): Graph => {
    const begin = performance.now();
    const result = optimize(graph);
    passes += performance.now() - begin;
    return result;
  };
  const begin = performance.now();
  const graph = trace(fn, signature, { device, name, optimize: timedPasses });
  const traced = performance.now();
  // New state bears the name of the old one, which a file does not allow; the engine's outputs have a prefix too.
  const outputs = graph.outputs.map((output) => ({ ...output, name: `output/${output.name}` }));
  const bytes = serialize({ ...graph, outputs });
  const serialised = performance.now();
  const session = await ort.InferenceSession.create(bytes, options);
  const created = performance.now();
  await session.release();
  return {
    trace: traced - begin - passes,
    passes,
    serialisation: serialised - traced,
    session: created - serialised,
    bytes: bytes.length,
    operators: operatorCounts(bytes),
  };
}

async function compile(request: Request): Promise<Record<StepName, Phases>> {
  const options = await sessionOptions(request.threads);
  const { alpha, theta } = stepsOf(request);
  return { alpha: await phases(alpha, 'alpha', options), theta: await phases(theta, 'weights', options) };
}

/** Throws where the engine compiles the weights' step to another graph than `compile` does. */
async function check(request: Request): Promise<object> {
  const { fn, signature } = stepsOf(request).theta;
  const options = await sessionOptions(request.threads);
  const expected = await phases({ fn, signature }, 'weights', options);
  const { model } = await watching(async () => {
    const engine = await onnxruntimeEngine({ threads: request.threads });
    const compiled = await engine.compile(fn, signature, 'weights');
    await compiled.dispose();
  });
  const [ours, engines] = [expected.operators, operatorCounts(model)].map((counts) => JSON.stringify(counts));
  if (ours === engines) return {};
  throw new FailureError(
    `the engine compiles the weights' step to another graph than this benchmark does: ${engines}, here ${ours}; ` +
      'bring bench/contestants/compile.ts up to date with src/engine/onnxruntime.ts',
  );
}

await answer({ compile, check });
