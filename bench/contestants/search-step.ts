/**
 * One search iteration as `nas search` runs it: the two compiled steps, the state handed on between them. With the name
 * of a method as its argument it is that method's, and the problem is the file of this name in the given folder.
 */
import { join } from 'node:path';
import type { Compiled } from '../../src/engine/engine.ts';
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { random } from '../../src/random.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import type { LearningMethodName } from '../../src/search/method-names.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { architectureValues, type Supernet } from '../../src/search/supernet.ts';
import { answer, scalar, timed } from '../harness/answer.ts';
import { flatten, labelsOf } from '../harness/arrays.ts';
import { problemOf, type SearchProblem, supernetOf } from '../harness/search-problem.ts';

type Request = SearchProblem & { readonly problem: string; readonly threads: number };

const [method] = process.argv.slice(2) as [LearningMethodName?];

/** The request of this contestant. */
const own = (request: Request): Request =>
  method
    ? { ...request, ...problemOf(request, method), problem: join(request.problem, `${method}.safetensors`) }
    : request;

interface Steps {
  readonly supernet: Supernet;
  readonly updateAlpha: Compiled;
  readonly updateWeights: Compiled;
}

async function compile(request: Request): Promise<Steps> {
  const { options, image, threads } = request;
  const supernet = supernetOf(request);
  const engine = await onnxruntimeEngine({ threads });
  const [alpha, weights] = [alphaStep(supernet, options, image), weightStep(supernet, options, image)];
  return {
    supernet,
    updateAlpha: await engine.compile(alpha.fn, alpha.signature, 'alpha'),
    updateWeights: await engine.compile(weights.fn, weights.signature, 'weights'),
  };
}

/** The two steps from the problem's state on; each returns its loss. */
function begin({ supernet, updateAlpha, updateWeights }: Steps, { problem, options }: Request) {
  const { arrays } = readArrays(problem);
  const array = (name: string): Float32Array => arrays[name]?.data as Float32Array;
  const theta = flatten(supernet.parameters, 'parameter', arrays);
  const alpha = array('alpha');
  const state = {
    theta,
    'theta/momentum': new Float32Array(theta.length),
    alpha,
    'alpha/first': new Float32Array(alpha.length),
    'alpha/second': new Float32Array(alpha.length),
  };
  const train = { trainImages: array('trainImages'), trainLabels: labelsOf(array('trainLabels')) };
  const validation = {
    validationImages: array('validationImages'),
    validationLabels: labelsOf(array('validationLabels')),
  };
  const learningRate = Float32Array.of(options.learningRate);
  const inputs = Object.entries(supernet.method.inputs(supernet.space));
  /** What the method draws, in the midst of a search. */
  const drawn = (kind: string) =>
    Object.fromEntries(
      inputs.map(([name, { value }]) => [
        name,
        value({
          epoch: Math.floor(options.epochs / 2),
          epochs: options.epochs,
          architecture: architectureValues(supernet, state.alpha),
          random: random(options.seed, kind, name, step),
        }),
      ]),
    );
  let step = 0;
  return {
    alpha: async () => {
      const { 'theta/momentum': _, ...feeds } = state;
      const { loss, correct, ...next } = await updateAlpha.run({
        ...feeds,
        step: Float32Array.of(++step),
        ...drawn('alpha'),
        ...validation,
      });
      Object.assign(state, next);
      return scalar(loss);
    },
    theta: async () => {
      const { 'alpha/first': _, 'alpha/second': __, ...feeds } = state;
      const { loss, correct, ...next } = await updateWeights.run({
        ...feeds,
        learningRate,
        step: Float32Array.of(step),
        ...drawn('weights'),
        ...train,
      });
      Object.assign(state, next);
      return scalar(loss);
    },
  };
}

let compiled: Steps | undefined;
let iteration: ReturnType<typeof begin> | undefined;

/** Compiles, the first time, and goes back to the problem's initial state. */
async function prepare(given: Request): Promise<object> {
  const request = own(given);
  compiled ??= await compile(request);
  iteration = begin(compiled, request);
  return { parameters: compiled.supernet.parameters.size, versions: {} };
}

const step = (which: 'alpha' | 'theta') => () => timed((iteration as NonNullable<typeof iteration>)[which]);

await answer({ prepare, alpha: step('alpha'), theta: step('theta') });
