/** One search iteration as `nas search` runs it: the two compiled steps, the state handed on between them. */
import { onnxruntimeEngine } from '../../src/engine/onnxruntime.ts';
import { readArrays } from '../../src/runs/safetensors.ts';
import { alphaSize, searchSpace } from '../../src/search/spaces.ts';
import { alphaStep, weightStep } from '../../src/search/steps.ts';
import { answer, timed } from '../harness/answer.ts';
import { type SearchProblem, supernetOf } from '../harness/search-problem.ts';

type Request = SearchProblem & { readonly problem: string; readonly threads: number };

interface Iteration {
  alpha(): Promise<number>;
  theta(): Promise<number>;
}

let iteration: Iteration | undefined;

async function prepare(request: Request): Promise<object> {
  const { options, image, threads } = request;
  const space = searchSpace(options.space);
  const supernet = supernetOf(request);
  const engine = await onnxruntimeEngine({ threads });
  const compile = (name: string, { fn, signature }: ReturnType<typeof weightStep>) =>
    engine.compile(fn, signature, name);
  const updateAlpha = await compile('alpha', alphaStep(supernet, space, options, image));
  const updateWeights = await compile('weights', weightStep(supernet, space, options, image));

  const { arrays } = readArrays(request.problem);
  const array = (name: string): Float32Array => arrays[name]?.data as Float32Array;
  const theta = new Float32Array(supernet.parameters.size);
  for (const { name, offset } of supernet.parameters.parameters)
    theta.set(array(`parameter/${name}`), offset);
  const batch = (half: string) => ({
    [`${half}Images`]: array(`${half}Images`),
    [`${half}Labels`]: Int32Array.from(array(`${half}Labels`)),
  });
  const [train, validation] = [batch('train'), batch('validation')];
  const count = alphaSize(space);
  const state = {
    theta,
    momentum: new Float32Array(theta.length),
    alpha: array('alpha'),
    first: new Float32Array(count),
    second: new Float32Array(count),
  };
  const learningRate = Float32Array.of(options.learningRate);
  let step = 0;
  iteration = {
    alpha: async () => {
      const { theta: weights, alpha, first, second } = state;
      const feeds = { theta: weights, alpha, first, second, step: Float32Array.of(++step), ...validation };
      const { loss, correct, ...next } = await updateAlpha.run(feeds);
      Object.assign(state, next);
      return loss?.[0] ?? Number.NaN;
    },
    theta: async () => {
      const { theta: weights, momentum, alpha } = state;
      const feeds = { theta: weights, momentum, alpha, learningRate, ...train };
      const { loss, correct, ...next } = await updateWeights.run(feeds);
      Object.assign(state, next);
      return loss?.[0] ?? Number.NaN;
    },
  };
  return { parameters: supernet.parameters.size, versions: {} };
}

const step = (which: keyof Iteration) => () => timed(async () => (iteration as Iteration)[which]());

await answer({ prepare, alpha: step('alpha'), theta: step('theta') });
