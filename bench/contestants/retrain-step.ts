/** One step of retraining as `nas retrain` runs it. */
import type { Compiled, Feeds } from '../../src/engine/engine.ts';
import { onnxruntimeEngine, type Provider } from '../../src/engine/onnxruntime.ts';
import { initialLossScale } from '../../src/nn/loss-scaling.ts';
import type { Network } from '../../src/retrain/network.ts';
import { trainStep } from '../../src/retrain/steps.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { answer, scalar, timed } from '../harness/answer.ts';
import { flatten, labelsOf } from '../harness/arrays.ts';
import { deviceUse } from '../harness/device-use.ts';
import { networkOf, type RetrainProblem } from '../harness/retrain-problem.ts';

type Request = RetrainProblem & {
  readonly problem: string;
  readonly threads: number;
  readonly provider?: Provider;
};

async function compile(request: Request): Promise<{ network: Network; update: Compiled }> {
  const network = networkOf(request, true);
  const { threads, provider = 'cpu', options } = request;
  const engine = await onnxruntimeEngine({ threads, provider });
  const { fn, signature } = trainStep(network, options, request.image);
  return { network, update: await engine.compile(fn, signature, 'train', options.precision) };
}

/** What the step takes from the problem's state on, and how it goes on. */
function begin(network: Network, { problem, options }: Request) {
  const { arrays } = readArrays(problem);
  const array = (name: string): Float32Array => arrays[name]?.data as Float32Array;
  const theta = flatten(network.parameters, 'parameter', arrays);
  const state = {
    theta,
    momentum: new Float32Array(theta.length),
    statistics: flatten(network.statistics, 'statistic', arrays),
    ...(options.precision === 'float16' && { lossScale: initialLossScale() }),
  };
  const fixed = {
    images: array('trainImages'),
    labels: labelsOf(array('trainLabels')),
    learningRate: Float32Array.of(options.learningRate),
    pathMasks: array('pathMasks'),
  };
  const feeds = (): Feeds => ({ ...state, ...fixed });
  const run = (update: Compiled) => async (): Promise<number> => {
    const { loss, correct, ...next } = await update.run(feeds());
    Object.assign(state, next);
    return scalar(loss);
  };
  return { feeds, run };
}

let compiled: Awaited<ReturnType<typeof compile>> | undefined;
let step: (() => Promise<number>) | undefined;

/** Compiles, the first time, and goes back to the problem's initial state. */
async function prepare(request: Request): Promise<object> {
  compiled ??= await compile(request);
  step = begin(compiled.network, request).run(compiled.update);
  return { parameters: compiled.network.parameters.size, versions: {} };
}

/** What the step does on its device. */
async function use(request: Request): Promise<object> {
  const network = networkOf(request, true);
  const step = trainStep(network, request.options, request.image);
  const { precision } = request.options;
  return { step: await deviceUse(step, begin(network, request).feeds(), { ...request, precision }) };
}

await answer({ prepare, use, step: () => timed(step as NonNullable<typeof step>) });
