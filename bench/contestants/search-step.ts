/**
 * One search iteration as `nas search` runs it: the two compiled steps, the state handed on between them. With the name
 * of a method as its argument it is that method's, and the problem is the file of this name in the given folder.
 */
import { join } from 'node:path';
import type { Feeds, Run } from '../../src/engine/engine.ts';
import { onnxruntimeEngine, type Provider } from '../../src/engine/onnxruntime.ts';
import { initialLossScale } from '../../src/nn/loss-scaling.ts';
import { random } from '../../src/random.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import type { LearningMethodName } from '../../src/search/method-names.ts';
import { searchSteps } from '../../src/search/steps.ts';
import { architectureValues, type Supernet } from '../../src/search/supernet.ts';
import { answer, scalar, timed } from '../harness/answer.ts';
import { flatten, labelsOf } from '../harness/arrays.ts';
import { deviceUse } from '../harness/device-use.ts';
import { problemOf, type SearchProblem, supernetOf } from '../harness/search-problem.ts';

type Request = SearchProblem & {
  readonly problem: string;
  readonly threads: number;
  readonly provider?: Provider;
};

const [method] = process.argv.slice(2) as [LearningMethodName?];

/** The request of this contestant. */
const forMethod = (request: Request): Request =>
  method
    ? { ...request, ...problemOf(request, method), problem: join(request.problem, `${method}.safetensors`) }
    : request;

async function compile(request: Request) {
  const { threads, provider = 'cpu' } = request;
  const supernet = supernetOf(request);
  const engine = await onnxruntimeEngine({ threads, provider });
  return {
    supernet,
    run: (await engine.compileAll(searchSteps(supernet, request.options, request.image))).run,
  };
}

/** What the two steps take from the problem's state on, and how it goes on. */
function begin(supernet: Supernet, { problem, options }: Request) {
  const { arrays } = readArrays(problem);
  const array = (name: string): Float32Array => arrays[name]?.data as Float32Array;
  const theta = flatten(supernet.parameters, 'parameter', arrays);
  const alpha = array('alpha');
  const half = options.precision === 'float16';
  const state: Record<string, Float32Array> = {
    theta,
    'theta/momentum': new Float32Array(theta.length),
    alpha,
    'alpha/first': new Float32Array(alpha.length),
    'alpha/second': new Float32Array(alpha.length),
    ...(half && { 'theta/lossScale': initialLossScale(), 'alpha/lossScale': initialLossScale() }),
  };
  const own = (vector: 'theta' | 'alpha'): Feeds =>
    Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(`${vector}/`)));
  const train = { images: array('trainImages'), labels: labelsOf(array('trainLabels')) };
  const validation = { images: array('validationImages'), labels: labelsOf(array('validationLabels')) };
  const learningRate = Float32Array.of(options.learningRate);
  const inputs = Object.entries(supernet.method.inputs(supernet.space));
  /** What the method draws, in the midst of a search. */
  const drawn = (kind: string): Feeds =>
    Object.fromEntries(
      inputs.map(([name, { value }]) => [
        name,
        value({
          epoch: Math.floor(options.epochs / 2),
          epochs: options.epochs,
          architecture: architectureValues(supernet, state.alpha as Float32Array),
          random: random(options.seed, kind, name, step),
        }),
      ]),
    );
  let step = 0;
  const shared = (): Feeds => ({
    theta: state.theta as Float32Array,
    alpha: state.alpha as Float32Array,
    step: Float32Array.of(step),
  });
  const feeds = {
    alpha: (): Feeds => {
      step++;
      return { ...shared(), ...own('alpha'), ...drawn('alpha'), ...validation };
    },
    theta: (): Feeds => ({ ...shared(), ...own('theta'), learningRate, ...drawn('weights'), ...train }),
  };
  const by = (of: keyof typeof feeds, run: Run) => async (): Promise<number> => {
    const { loss, correct, ...next } = await run(feeds[of]());
    Object.assign(state, next);
    return scalar(loss);
  };
  return { feeds, by };
}

let compiled: Awaited<ReturnType<typeof compile>> | undefined;
let iteration: Readonly<Record<'alpha' | 'theta', () => Promise<number>>> | undefined;

/** Compiles, the first time, and goes back to the problem's initial state. */
async function prepare(given: Request): Promise<object> {
  const request = forMethod(given);
  compiled ??= await compile(request);
  const { by } = begin(compiled.supernet, request);
  iteration = { alpha: by('alpha', compiled.run.alpha), theta: by('theta', compiled.run.weights) };
  return { parameters: compiled.supernet.parameters.size, versions: {} };
}

const step = (which: 'alpha' | 'theta') => () => timed((iteration as NonNullable<typeof iteration>)[which]);

/** What each of the steps does on its device. */
async function use(given: Request): Promise<object> {
  const request = forMethod(given);
  const supernet = supernetOf(request);
  const { alpha, weights } = searchSteps(supernet, request.options, request.image);
  const { feeds } = begin(supernet, request);
  const { precision } = request.options;
  return {
    alpha: await deviceUse(alpha, feeds.alpha(), { ...request, precision }),
    theta: await deviceUse(weights, feeds.theta(), { ...request, precision }),
  };
}

await answer({ prepare, use, alpha: step('alpha'), theta: step('theta') });
