/**
 * What the engine does to compile the two steps of a search, phase by phase: trace, passes, serialisation, session.
 * `check` holds it against the engine itself.
 */
import * as ort from 'onnxruntime-node';
import { blockSize } from '../../src/engine/block-size.ts';
import { onnxruntimeEngine, segmentSize } from '../../src/engine/onnxruntime.ts';
import { withOutputPrefix } from '../../src/engine/sessions.ts';
import { FailureError } from '../../src/errors.ts';
import { alternatives } from '../../src/onnx/alternatives.ts';
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

export type StepName = 'alpha' | 'theta';

/** Milliseconds. */
export interface GraphPhases {
  readonly trace: number;
  readonly passes: number;
}

export interface Phases {
  readonly steps: Readonly<Record<StepName, GraphPhases>>;
  /** Of both steps in one file, milliseconds. */
  readonly serialisation: number;
  readonly session: number;
  /** Of that file. */
  readonly bytes: number;
  readonly operators: Readonly<Record<StepName, OperatorCounts>>;
}

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

async function graphOf({ fn, signature }: Step, name: StepName): Promise<GraphPhases & { graph: Graph }> {
  const device = cpu(await blockSize());
  let passes = 0;
  const timedPasses = (graph: Graph): Graph => {
    const begin = performance.now();
    const result = optimize(graph);
    passes += performance.now() - begin;
    return result;
  };
  const begin = performance.now();
  const graph = withOutputPrefix(trace(fn, signature, { device, name, optimize: timedPasses }));
  return { graph, trace: performance.now() - begin - passes, passes };
}

/** The file of both steps, and how it was made. */
async function written(
  steps: Record<StepName, Step>,
): Promise<Omit<Phases, 'session'> & { model: Uint8Array }> {
  const alpha = await graphOf(steps.alpha, 'alpha');
  const theta = await graphOf(steps.theta, 'theta');
  const begin = performance.now();
  const model = serialize(alternatives({ alpha: alpha.graph, theta: theta.graph }), { segmentSize });
  const serialisation = performance.now() - begin;
  const operators = (graph: Graph): OperatorCounts => operatorCounts(serialize(graph, { segmentSize }));
  return {
    steps: {
      alpha: { trace: alpha.trace, passes: alpha.passes },
      theta: { trace: theta.trace, passes: theta.passes },
    },
    serialisation,
    bytes: model.length,
    operators: { alpha: operators(alpha.graph), theta: operators(theta.graph) },
    model,
  };
}

async function compile(request: Request): Promise<Phases> {
  const options = await sessionOptions(request.threads);
  const { model, ...phases } = await written(stepsOf(request));
  const begin = performance.now();
  const session = await ort.InferenceSession.create(model, options);
  const created = performance.now();
  await session.release();
  return { ...phases, session: created - begin };
}

/** Throws where the engine compiles the steps to another file than `compile` does. */
async function check(request: Request): Promise<object> {
  const steps = stepsOf(request);
  const expected = await written(steps);
  const { model } = await watching(async () => {
    const engine = await onnxruntimeEngine({ threads: request.threads });
    await (await engine.compileAll(steps)).dispose();
  });
  const [ours, engines] = [expected.model, model].map((file) => JSON.stringify(operatorCounts(file)));
  if (ours === engines) return {};
  throw new FailureError(
    `the engine compiles the steps to another file than this benchmark does: ${engines}, here ${ours}; ` +
      'bring bench/contestants/compile.ts up to date with src/engine/onnxruntime.ts',
  );
}

await answer({ compile, check });
