/** One step of retraining as `nas retrain` runs it. */
import type { Compiled } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import type { Network } from '../../src/retrain/network.ts';
import { trainStep } from '../../src/retrain/steps.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { answer, scalar, timed } from '../harness/answer.ts';
import { flatten, labelsOf } from '../harness/arrays.ts';
import { networkOf, type RetrainProblem } from '../harness/retrain-problem.ts';

type Request = RetrainProblem & { readonly problem: string; readonly threads: number };

async function compile(request: Request): Promise<{ network: Network; update: Compiled }> {
  const network = networkOf(request, true);
  const engine = await onnxruntimeEngine({ threads: request.threads });
  const { fn, signature } = trainStep(network, request.options, request.image);
  return { network, update: await engine.compile(fn, signature, 'train') };
}

/** The step from the problem's state on; returns its loss. */
function begin(network: Network, update: Compiled, { problem, options }: Request): () => Promise<number> {
  const { arrays } = readArrays(problem);
  const array = (name: string): Float32Array => arrays[name]?.data as Float32Array;
  const theta = flatten(network.parameters, 'parameter', arrays);
  const state = {
    theta,
    momentum: new Float32Array(theta.length),
    statistics: flatten(network.statistics, 'statistic', arrays),
  };
  const fixed = {
    images: array('trainImages'),
    labels: labelsOf(array('trainLabels')),
    learningRate: Float32Array.of(options.learningRate),
    pathMasks: array('pathMasks'),
  };
  return async () => {
    const { loss, correct, ...next } = await update.run({ ...state, ...fixed });
    Object.assign(state, next);
    return scalar(loss);
  };
}

let compiled: Awaited<ReturnType<typeof compile>> | undefined;
let step: (() => Promise<number>) | undefined;

/** Compiles, the first time, and goes back to the problem's initial state. */
async function prepare(request: Request): Promise<object> {
  compiled ??= await compile(request);
  step = begin(compiled.network, compiled.update, request);
  return { parameters: compiled.network.parameters.size, versions: {} };
}

await answer({ prepare, step: () => timed(step as NonNullable<typeof step>) });
